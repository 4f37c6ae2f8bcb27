/** Where the words of a state are found in an array that holds it packed. */

export interface Placing {
  /** Goes up whenever words are laid out anew. */
  readonly arrangements: number
  /** Elements of a state. */
  readonly size: number
  /** Element that a word lies in; how far up in it; what it covers there, shifted down: nothing, for one that never changes. */
  place(word: number): number
  shift(word: number): number
  mask(word: number): number
  /** What stands in the array for a value of a word, whatever the arrangement; -1 for a value that was never met. */
  find(word: number, value: number): number
  /** The same, for a value that was met now: words may have to be laid out anew. */
  number(word: number, value: number): number
}
