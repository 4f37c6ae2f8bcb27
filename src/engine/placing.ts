/** Where the words of a state are found in an array that holds them, packed or plain. */

export interface Placing {
  /** Element that a word lies in; -1 for one that holds the same in all states, which needs no looking at. */
  place(word: number): number
  /** Of its element: how far up a word begins, and what it covers once shifted down. */
  shift(word: number): number
  mask(word: number): number
  /** True if the array has room for a value of a word as it is. */
  holds(word: number, value: number): boolean
  /**
   * What stands in the array for a value of a word.
   * @throws Restart if room had to be made for it: the array is another one now
   */
  code(word: number, value: number): number
}

/** Each word is an element. */
export const plainly: Placing = {
  place: (word) => word,
  shift: () => 0,
  mask: () => -1,
  holds: () => true,
  code: (_, value) => value,
}
