/* The seed race in Promela, for SPIN: spin -a -DPOLICY=IPI -DN=4 -DR=3 -DK=2 seed-race.pml
 * N is the number of CPUs, at most 8; R that of rounds; K that of preemptions. One d_step or atomic is one step of the
 * model, and no other statement makes a state. What CPUs have in common is one bit a CPU in a byte. */
#define IPI 0
#define HYPERCALL 1
#define QUIESCENCE 2

#define CPU(c) (1 << (c))
#define ON(c) !(gone & CPU(c))

byte gone, masked, cached, pending, preemptions;
bit mapped = 1, flushed, freed, reused;

/* CPU 0 takes the table away, flushes the other CPUs and gives the table back. */
active proctype unmap()
{ byte target = 1;

  d_step { ON(0) -> mapped = 0 };
#if POLICY == IPI
  do
  :: d_step { ON(0) && target < N -> pending = pending | CPU(target); target++ }
  :: atomic { ON(0) && target == N && !pending -> flushed = 1; break }
  od;
#else
  do
  :: d_step { ON(0) && target < N-1 -> cached = cached & ~CPU(target); target++ }
  :: atomic { ON(0) && target == N-1 -> cached = cached & ~CPU(target); flushed = 1; target = 1; break }
  od;
#endif
#if POLICY == QUIESCENCE
  do
  :: d_step { ON(0) && target < N-1 && !(masked & CPU(target)) -> target++ }
  :: atomic { ON(0) && target == N-1 && !(masked & CPU(target)) -> target = 1; break }
  od;
#endif
  atomic { ON(0) -> freed = 1 }; /* No d_step: loops jump here. */
  d_step { ON(0) -> reused = 1 };
end: /* A process that ends would be one more step. */
  false
}

/* The other CPUs, by their process number: fast_gup with interrupts off, then an access. */
active [N-1] proctype walk()
{ byte rounds;

end:
  do
  :: d_step { ON(_pid) && rounds < R -> if :: mapped -> cached = cached | CPU(_pid) :: else fi };
     d_step { ON(_pid) -> masked = masked | CPU(_pid) };
     if
     :: d_step { ON(_pid) && !mapped -> skip }
     :: d_step { ON(_pid) && mapped -> skip };
        d_step { ON(_pid) -> assert(!freed) };
        d_step { ON(_pid) -> assert(!freed) }
     fi;
     d_step { ON(_pid) -> masked = masked & ~CPU(_pid) };
     d_step {
       ON(_pid) ->
       if
       :: cached & CPU(_pid) -> assert(!flushed)
       :: !(cached & CPU(_pid)) && mapped -> cached = cached | CPU(_pid)
       :: else
       fi;
       rounds++
     }
  od
}

/* Interrupts are taken, and the host takes CPUs away and gives them back. */
#define HOST(c) \
  :: d_step { ON(c) && preemptions < K -> gone = gone | CPU(c); preemptions++ } \
  :: d_step { gone & CPU(c) -> gone = gone & ~CPU(c) }
#define TARGET(c) \
  HOST(c) \
  :: d_step { pending & CPU(c) && !(masked & CPU(c)) && ON(c) -> \
              pending = pending & ~CPU(c); cached = cached & ~CPU(c) }

active proctype environment()
{
end:
  do
  HOST(0)
  TARGET(1)
#if N > 2
  TARGET(2)
#endif
#if N > 3
  TARGET(3)
#endif
#if N > 4
  TARGET(4)
#endif
#if N > 5
  TARGET(5)
#endif
#if N > 6
  TARGET(6)
#endif
#if N > 7
  TARGET(7)
#endif
  od
}
