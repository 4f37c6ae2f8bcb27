/** Tables that are looked up by names from outside. */

/** A table with nothing in it but its entries: not even `toString`, which every object has otherwise. */
export const lookup = <T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.assign(Object.create(null) as Record<string, T>, entries)
