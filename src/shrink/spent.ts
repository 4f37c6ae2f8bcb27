/** What searches have cost together: those that were given up as well, whose cost is all that there is to say of them. */

export interface Spent {
  /** Workloads that were searched, as far as that went. */
  workloads: number
  /** States that were looked at. */
  states: number
}

export const nothingSpent = (): Spent => ({ workloads: 0, states: 0 })

/** Notes the search of one more workload. */
export function spend(spent: Spent | undefined, states: number): void {
  if (spent === undefined) return
  spent.workloads++
  spent.states += states
}

/** `12 workloads, 5,000,123 states` */
export const tellSpent = ({ workloads, states }: Spent): string =>
  `${plural(workloads, 'workload')}, ${plural(states, 'state')}`

const plural = (n: number, one: string): string => `${n.toLocaleString('en')} ${one}${n === 1 ? '' : 's'}`
