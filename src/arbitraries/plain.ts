/**
 * The one subclass that fast-check asks for: an arbitrary of plain data, told by a shape. It keeps no context, so a
 * value handed in from outside (an `example`, a corpus case) shrinks as far as one that was generated; the price is
 * that candidates which have already been tried are tried again after each success.
 */
import fc, { type Random } from 'fast-check'
import type { Measure, Shape } from './shape.ts'

/** An arbitrary whose values can be written to a file, read back, and shrunk from there. */
export class PlainArbitrary<T> extends fc.Arbitrary<T> {
  private readonly shape: Shape<T>

  constructor(shape: Shape<T>) {
    super()
    this.shape = shape
  }

  /** How large a value is: every shrink of it has a measure that comes before, number by number. */
  measure(value: T): Measure {
    return this.shape.measure(value)
  }

  override generate(random: Random, biasFactor: number | undefined): fc.Value<T> {
    const small = biasFactor !== undefined && random.nextInt(1, biasFactor) === 1
    return new fc.Value(this.shape.draw(random, small), undefined)
  }

  override canShrinkWithoutContext(value: unknown): value is T {
    return this.shape.accepts(value)
  }

  override shrink(value: T): fc.Stream<fc.Value<T>> {
    const smaller = this.shape.smaller(value)
    return fc.stream(values(smaller))
  }
}

function* values<T>(smaller: Iterable<T>): Generator<fc.Value<T>> {
  for (const value of smaller) yield new fc.Value(value, undefined)
}
