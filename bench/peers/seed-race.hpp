// The seed race packed into one 64-bit word, as one would write it for nothing but speed: what hardware can do at best.
// Byte 0 says how far CPU 0 has come. Byte i, for each other CPU: how far that has come (bits 0-5, seven places a
// round), whether an IPI is pending (bit 6), whether a translation is cached (bit 7). Byte 6: the CPUs that the host has
// taken away. Byte 7: how often it did. What CPU 0 has done to the tables follows from how far it has come.
#pragma once
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

enum Policy { IPI, HYPERCALL, QUIESCENCE };
enum Place { FILL, CLI, READ_PMD, READ_PTE, CHECK, STI, USE, ROUND };

template <Policy POLICY, int CPUS> class SeedRace {
  static_assert(CPUS >= 2 && CPUS <= 6, "CPUs 0 to 5 have a byte each");
  static constexpr uint8_t PLACE = 0x3f, PENDING = 0x40, CACHED = 0x80;
  static constexpr int GONE = 48, PREEMPTED = 56;
  // The places of CPU 0: it unhooks, flushes CPU 1 .. CPUS-1, waits, frees and reuses.
  static constexpr int WAIT = CPUS;
  static constexpr int FREE = POLICY == IPI ? CPUS + 1 : POLICY == HYPERCALL ? CPUS : 2 * CPUS - 1;
  static constexpr int DONE = FREE + 2;
  static constexpr int FLUSHED = POLICY == IPI ? CPUS + 1 : CPUS;

  // What a step makes of a CPU's byte, with the table unmapped and mapped.
  std::array<uint8_t, 256> after[2];
  // By byte: can the CPU step, can it take an IPI, has it interrupts off; does its step read the table, or use a translation.
  struct Can { bool step, interrupt, masked, walks, uses; };
  std::array<Can, 256> can;
  int preemptions;

  static uint64_t at(int byte) { return uint64_t(1) << (8 * byte); }
  static uint8_t byteOf(uint64_t s, int byte) { return s >> (8 * byte); }
  static constexpr uint64_t allPending() {
    uint64_t mask = 0;
    for (int cpu = 1; cpu < CPUS; cpu++) mask |= uint64_t(PENDING) << (8 * cpu);
    return mask;
  }

  bool canUnmap(uint64_t s, int place) const {
    if (POLICY == IPI && place == WAIT) return (s & allPending()) == 0;
    if (POLICY == QUIESCENCE && place >= WAIT && place < FREE) return !can[byteOf(s, place - WAIT + 1)].masked;
    return place != DONE;
  }
  static uint64_t unmap(uint64_t s, int place) {
    if (place < 1 || place >= CPUS) return s + 1;
    const uint64_t cpu = at(place);
    return POLICY == IPI ? (s + 1) | PENDING * cpu : (s + 1) & ~(CACHED * cpu);
  }

public:
  // More than there ever are: a step and an interrupt a CPU, and a decision of the host for each.
  static constexpr int MOST = 3 * CPUS;

  SeedRace(int rounds, int preemptions) : preemptions(preemptions) {
    for (int byte = 0; byte < 256; byte++) {
      const int place = byte & PLACE, step = place % ROUND;
      const bool done = place >= rounds * ROUND, masked = step >= READ_PMD && step <= STI && !done;
      can[byte] = {!done, (byte & PENDING) && !masked, masked, step == READ_PTE || step == CHECK, step == USE && byte & CACHED};
      for (const bool mapped : {false, true}) {
        const bool fills = (step == FILL || step == USE) && mapped;
        after[mapped][byte] = (byte + (step == READ_PMD && !mapped ? STI - READ_PMD : 1)) | (fills ? CACHED : 0);
      }
    }
  }

  // Writes all successors of a state, and counts the transitions that violate.
  int successors(uint64_t s, uint64_t *out, uint64_t &violating) const {
    uint64_t *next = out;
    const int place = byteOf(s, 0);
    const unsigned gone = s >> GONE & 0xff, taken = s >> PREEMPTED;
    const bool mapped = place == 0, flushed = place >= FLUSHED, freed = place > FREE;
    *next = unmap(s, place);
    next += !(gone & 1) && canUnmap(s, place);
    for (int cpu = 1; cpu < CPUS; cpu++) {
      const uint8_t byte = byteOf(s, cpu);
      const bool here = !(gone >> cpu & 1);
      *next = s ^ (byte ^ after[mapped][byte]) * at(cpu);
      next += here && can[byte].step;
      violating += here && can[byte].step && ((freed && can[byte].walks) || (flushed && can[byte].uses));
      if (POLICY == IPI) {
        *next = s & ~((PENDING | CACHED) * at(cpu));
        next += here && can[byte].interrupt;
      }
    }
    for (int cpu = 0; cpu < CPUS; cpu++) {
      const uint64_t bit = uint64_t(1) << (GONE + cpu);
      const bool away = gone >> cpu & 1;
      *next = away ? s & ~bit : (s | bit) + (uint64_t(1) << PREEMPTED);
      next += away || int(taken) < preemptions;
    }
    return next - out;
  }

  // A bit for each transition that is enabled: CPUs step, take an IPI (from bit 8), and are taken or given back (16).
  uint32_t enabled(uint64_t s) const {
    const int place = byteOf(s, 0);
    const uint32_t gone = s >> GONE & 0xff;
    uint32_t steps = canUnmap(s, place), interrupts = 0;
    for (int cpu = 1; cpu < CPUS; cpu++) {
      steps |= uint32_t(can[byteOf(s, cpu)].step) << cpu;
      if (POLICY == IPI) interrupts |= uint32_t(can[byteOf(s, cpu)].interrupt) << cpu;
    }
    const uint32_t host = int(s >> PREEMPTED) < preemptions ? (1 << CPUS) - 1 : gone;
    return (steps & ~gone) | (interrupts & ~gone) << 8 | host << 16;
  }

  uint64_t apply(uint64_t s, int transition, bool &violated) const {
    const int cpu = transition & 7, place = byteOf(s, 0);
    if (transition >= 16) {
      const uint64_t bit = uint64_t(1) << (GONE + cpu);
      return s & bit ? s & ~bit : (s | bit) + (uint64_t(1) << PREEMPTED);
    }
    if (transition >= 8) return s & ~((PENDING | CACHED) * at(cpu));
    if (cpu == 0) return unmap(s, place);
    const uint8_t byte = byteOf(s, cpu);
    violated |= (place > FREE && can[byte].walks) || (place >= FLUSHED && can[byte].uses);
    return s ^ (byte ^ after[place == 0][byte]) * at(cpu);
  }
};

// Calls `run` with the race that the first words of a command line name: POLICY CPUS ROUNDS PREEMPTIONS.
template <Policy POLICY, class Run> bool withCpus(int cpus, int rounds, int preemptions, Run run) {
  switch (cpus) {
    case 2: run(SeedRace<POLICY, 2>(rounds, preemptions)); return true;
    case 3: run(SeedRace<POLICY, 3>(rounds, preemptions)); return true;
    case 4: run(SeedRace<POLICY, 4>(rounds, preemptions)); return true;
    case 5: run(SeedRace<POLICY, 5>(rounds, preemptions)); return true;
    case 6: run(SeedRace<POLICY, 6>(rounds, preemptions)); return true;
    default: return false;
  }
}

template <class Run> int withRace(int count, char **words, Run run) {
  const char *policy = count > 4 ? words[1] : "";
  const int cpus = count > 4 ? atoi(words[2]) : 0, rounds = count > 4 ? atoi(words[3]) : 0;
  const int preemptions = count > 4 ? atoi(words[4]) : 0;
  bool known = rounds >= 1 && rounds <= 8 && preemptions >= 0 && preemptions <= 255;
  if (known && !strcmp(policy, "ipi")) known = withCpus<IPI>(cpus, rounds, preemptions, run);
  else if (known && !strcmp(policy, "hypercall")) known = withCpus<HYPERCALL>(cpus, rounds, preemptions, run);
  else if (known && !strcmp(policy, "quiescence")) known = withCpus<QUIESCENCE>(cpus, rounds, preemptions, run);
  else known = false;
  if (!known) fprintf(stderr, "usage: %s ipi|hypercall|quiescence CPUS(2-6) ROUNDS(1-8) PREEMPTIONS\n", words[0]);
  return known ? 0 : 2;
}
