/** The general registers by all of their names: RAX, EAX, AX and AL are one register, R8 and R8D another. */

const LETTERS = ['A', 'B', 'C', 'D']
const POINTERS = ['SI', 'DI', 'BP', 'SP']

export interface Register {
  /** Its 64-bit name in capitals. */
  readonly name: string
  /** How much of it is named. */
  readonly bits: 8 | 16 | 32 | 64
}

const known = new Map<string, Register>()
for (const letter of LETTERS) {
  const name = `R${letter}X`
  known.set(name, { name, bits: 64 })
  known.set(`E${letter}X`, { name, bits: 32 })
  known.set(`${letter}X`, { name, bits: 16 })
  known.set(`${letter}L`, { name, bits: 8 })
}
for (const pointer of POINTERS) {
  const name = `R${pointer}`
  known.set(name, { name, bits: 64 })
  known.set(`E${pointer}`, { name, bits: 32 })
  known.set(pointer, { name, bits: 16 })
  known.set(`${pointer}L`, { name, bits: 8 })
}
for (let number = 8; number <= 15; number++) {
  const name = `R${number}`
  known.set(name, { name, bits: 64 })
  known.set(`${name}D`, { name, bits: 32 })
  known.set(`${name}W`, { name, bits: 16 })
  known.set(`${name}B`, { name, bits: 8 })
}

/** The register of this name, with or without `%`, in any case. */
export const registerNamed = (name: string): Register | undefined =>
  known.get(name.replace(/^%/, '').toUpperCase())
