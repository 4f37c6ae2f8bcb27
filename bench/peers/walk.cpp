// Random runs of the packed seed race, one thread: each enabled transition is equally likely, until none is enabled.
// usage: walk POLICY CPUS ROUNDS PREEMPTIONS RUNS [SEED]; prints one line of JSON.
#include "seed-race.hpp"
#ifdef __BMI2__
#include <immintrin.h>
#endif

// xoroshiro128+ (Blackman and Vigna, 2018); its high bits are the good ones.
struct Random {
  uint64_t a, b;
  explicit Random(uint64_t seed) : a(seed * 0x9e3779b97f4a7c15ull + 1), b(~seed) {}
  uint32_t below(uint32_t n) {
    const uint64_t sum = a + b, mixed = a ^ b;
    a = (a << 24 | a >> 40) ^ mixed ^ mixed << 16;
    b = mixed << 37 | mixed >> 27;
    return (sum >> 32) * n >> 32;
  }
};

// The position of the n-th bit that is set.
static int bitOf(uint32_t mask, uint32_t n) {
#ifdef __BMI2__
  return __builtin_ctz(_pdep_u32(1u << n, mask));
#else
  for (; n > 0; n--) mask &= mask - 1;
  return __builtin_ctz(mask);
#endif
}

int main(int count, char **words) {
  const long long runs = count > 5 ? atoll(words[5]) : 1;
  Random random(count > 6 ? atoll(words[6]) : 1);
  return withRace(count, words, [runs, &random](auto race) {
    unsigned long long steps = 0, violating = 0;
    for (long long run = 0; run < runs; run++) {
      uint64_t state = 0;
      bool violated = false;
      for (uint32_t enabled; (enabled = race.enabled(state)) != 0; steps++)
        state = race.apply(state, bitOf(enabled, random.below(__builtin_popcount(enabled))), violated);
      violating += violated;
    }
    printf("{\"runs\":%lld,\"steps\":%llu,\"violating\":%llu}\n", runs, steps, violating);
  });
}
