/**
 * How many states and transitions the seed race has, with two preemptions and violations followed, at 27 sizes. SPIN,
 * rumur, TLC and hand-written C++ count the same; whatever is compared with them must, too. SPIN counts the initial state
 * as one more transition.
 */
import type { SeedPolicy, SeedSize } from './seed-race.ts'

export interface SeedCase extends SeedSize {
  readonly policy: SeedPolicy
  readonly states: number
  readonly transitions: number
}

export const seedPolicies: readonly SeedPolicy[] = ['ipi', 'hypercall', 'quiescence']
const PREEMPTIONS = 2

/** CPUs and rounds, then states and transitions with each policy in turn. */
const counted: readonly (readonly number[])[] = [
  [2, 1, 464, 1171, 360, 920, 376, 949],
  [2, 2, 872, 2238, 680, 1765, 704, 1806],
  [2, 3, 1280, 3305, 1000, 2610, 1032, 2663],
  [3, 1, 11_388, 43_160, 6348, 23_720, 6684, 24_696],
  [3, 2, 40_908, 158_880, 22_800, 87_200, 23_736, 89_856],
  [3, 3, 88_692, 347_448, 49_428, 190_600, 51_252, 195_704],
  [4, 1, 308_040, 1_557_180, 109_293, 527_172, 114_325, 546_884],
  [4, 2, 2_117_333, 11_017_528, 750_125, 3_725_200, 776_186, 3_826_636],
  [4, 3, 6_782_252, 35_650_276, 2_401_607, 12_049_156, 2_475_863, 12_336_340],
]

export const seedCases: readonly SeedCase[] = counted.flatMap(([cpus, rounds, ...counts]) =>
  seedPolicies.map((policy, i) => {
    const [states, transitions] = counts.slice(2 * i)
    return { policy, cpus, rounds, preemptions: PREEMPTIONS, states, transitions }
  }),
)
