// Breadth-first search of the packed seed race, one thread. States wait in the order of discovery; the successors of a
// batch of them are looked up together, so that the table's slots are on their way to the cache while others are made.
// usage: search POLICY CPUS ROUNDS PREEMPTIONS [LOG2_SLOTS]; prints one line of JSON.
#include "seed-race.hpp"
#include <sys/mman.h>
#include <vector>

// Open addressing with linear probing. A slot holds the complement of a state, which is never 0.
class Table {
  uint64_t *slots, mask;
  size_t used = 0;

  static uint64_t *allocate(size_t count) {
    void *room = mmap(nullptr, count * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) { perror("mmap"); exit(1); }
    madvise(room, count * sizeof(uint64_t), MADV_HUGEPAGE);
    return static_cast<uint64_t *>(room);
  }
  size_t place(uint64_t state) const {
    const uint64_t mixed = (state ^ state >> 29) * 0xd6e8feb86659fd93ull;
    return (mixed ^ mixed >> 32) & mask;
  }

public:
  explicit Table(int log2) : slots(allocate(size_t(1) << log2)), mask((size_t(1) << log2) - 1) {}
  size_t size() const { return used; }
  size_t bytes() const { return (mask + 1) * sizeof(uint64_t); }
  void expect(uint64_t state) const { __builtin_prefetch(&slots[place(state)], 1); }
  bool add(uint64_t state) {
    size_t i = place(state);
    for (; slots[i]; i = (i + 1) & mask) if (slots[i] == ~state) return false;
    slots[i] = ~state;
    used++;
    return true;
  }
  // Makes room for so many more states.
  void reserve(size_t more) {
    while ((used + more) * 5 > (mask + 1) * 3) {
      uint64_t *old = slots;
      const size_t count = mask + 1;
      slots = allocate(2 * count);
      mask = 2 * count - 1;
      used = 0;
      for (size_t i = 0; i < count; i++) if (old[i]) add(~old[i]);
      munmap(old, count * sizeof(uint64_t));
    }
  }
};

int main(int count, char **words) {
  const int log2 = count > 5 ? atoi(words[5]) : 16;
  return withRace(count, words, [log2](auto race) {
    constexpr size_t BATCH = 32;
    Table visited(log2);
    std::vector<uint64_t> order{0};
    visited.add(0);
    uint64_t transitions = 0, violating = 0, made[BATCH * race.MOST + 1];
    size_t depth = 0, levelEnd = 1;
    for (size_t next = 0; next < order.size();) {
      if (next == levelEnd) { depth++; levelEnd = order.size(); }
      const size_t end = next + BATCH < levelEnd ? next + BATCH : levelEnd;
      uint64_t *to = made;
      for (; next < end; next++) {
        uint64_t *const from = to;
        to += race.successors(order[next], to, violating);
        for (const uint64_t *state = from; state < to; state++) visited.expect(*state);
      }
      visited.reserve(to - made);
      for (const uint64_t *state = made; state < to; state++) if (visited.add(*state)) order.push_back(*state);
      transitions += to - made;
    }
    printf("{\"states\":%zu,\"transitions\":%llu,\"depth\":%zu,\"violating\":%llu,\"bytes\":%zu}\n", visited.size(),
           (unsigned long long)transitions, depth, (unsigned long long)violating,
           visited.bytes() + order.capacity() * sizeof(uint64_t));
  });
}
