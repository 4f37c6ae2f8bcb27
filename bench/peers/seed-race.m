-- The seed race in Murphi, for rumur. The constants of the first lines are put in by whoever builds it.
-- STRICT 0 follows steps that violate like others, which is what counting needs.
const POLICY: 0; -- 0 IPI, 1 hypercall, 2 hypercall and quiescence
      CPUS: 3;
      ROUNDS: 1;
      PREEMPTIONS: 2;
      STRICT: 1;

type cpu_t: 0 .. CPUS-1;
     walker_t: 1 .. CPUS-1;

var mapped, flushed, freed, reused: boolean;
    unmapping: enum { unhook, flush, await, free, reuse, through };
    target: walker_t;
    walking: array [walker_t] of enum { fill, cli, readPmd, readPte, check, sti, use };
    rounds: array [walker_t] of 0 .. ROUNDS;
    masked, cached, pending: array [walker_t] of boolean;
    gone: array [cpu_t] of boolean;
    preemptions: 0 .. PREEMPTIONS;

startstate begin
  mapped := true; flushed := false; freed := false; reused := false;
  unmapping := unhook; target := 1;
  for w: walker_t do
    walking[w] := fill; rounds[w] := 0; masked[w] := false; cached[w] := false; pending[w] := false;
  end;
  for c: cpu_t do gone[c] := false; end;
  preemptions := 0;
end;

-- CPU 0.
rule !gone[0] & unmapping = unhook ==> begin mapped := false; unmapping := flush; end;

rule !gone[0] & unmapping = flush ==> begin
  if POLICY = 0 then pending[target] := true; else cached[target] := false; end;
  if target < CPUS-1 then
    target := target + 1;
  else
    target := 1;
    flushed := POLICY != 0;
    if POLICY = 1 then unmapping := free; else unmapping := await; end;
  end;
end;

rule POLICY = 0 & !gone[0] & unmapping = await & forall w: walker_t do !pending[w] end ==> begin
  flushed := true; unmapping := free;
end;

rule POLICY = 2 & !gone[0] & unmapping = await & !masked[target] ==> begin
  if target < CPUS-1 then target := target + 1; else target := 1; unmapping := free; end;
end;

rule !gone[0] & unmapping = free ==> begin freed := true; unmapping := reuse; end;
rule !gone[0] & unmapping = reuse ==> begin reused := true; unmapping := through; end;

-- The others.
ruleset w: walker_t do
  rule !gone[w] & rounds[w] < ROUNDS ==> begin
    switch walking[w]
      case fill: if mapped then cached[w] := true; end; walking[w] := cli;
      case cli: masked[w] := true; walking[w] := readPmd;
      case readPmd: if mapped then walking[w] := readPte; else walking[w] := sti; end;
      case readPte: if STRICT = 1 then assert !freed "read PTE in a freed table"; end; walking[w] := check;
      case check: if STRICT = 1 then assert !freed "check in a freed table"; end; walking[w] := sti;
      case sti: masked[w] := false; walking[w] := use;
      case use:
        if !cached[w] then cached[w] := mapped;
        elsif STRICT = 1 then assert !flushed "stale use"; end;
        rounds[w] := rounds[w] + 1; walking[w] := fill;
    end;
  end;

  rule pending[w] & !masked[w] & !gone[w] ==> begin pending[w] := false; cached[w] := false; end;
end;

-- The host.
ruleset c: cpu_t do
  rule !gone[c] & preemptions < PREEMPTIONS ==> begin gone[c] := true; preemptions := preemptions + 1; end;
  rule gone[c] ==> begin gone[c] := false; end;
end;
