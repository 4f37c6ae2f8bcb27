/**
 * What VMX root operation can do, as host code and experiments write it: `cpu.vmx.invept(1, 0)`. Everything happens on
 * the pCPU of the vCPU that the code belongs to, between two instructions of its guest.
 */
import { fail } from '../errors.ts'
import { perform, type Code } from '../engine/step.ts'
import type { MachineConfig } from './config.ts'
import { EPT_R, EPT_TABLE_SPAN, EPT_W, eptEntry, isEptPresent } from './ept-entry.ts'
import type { Geometry } from './geometry.ts'
import {
  CLEAR_EPT,
  EPT_FLUSH_BEGINS,
  EPT_FLUSH_DONE,
  FREE_EPT_TABLE,
  FREE_HOST,
  LINK_EPT_TABLE,
  READ_EPT,
  READ_LARGE_EPT,
  REUSE_HOST,
  SET_LARGE_EPT,
  XCHG_EPT,
} from './host-frames.ts'
import { isCanonical, refuseSvm } from './operands.ts'
import { INVEPT, INVVPID, LOAD_EPTP, LOAD_GUEST_CR3, LOAD_VPID, NO_ADDRESS } from './vmx-invalidate.ts'

export class Vmx {
  private readonly geometry: Geometry

  constructor(geometry: Geometry) {
    this.geometry = geometry
  }

  private get config(): MachineConfig {
    return this.geometry.config
  }

  /**
   * INVVPID: type 0 drops one address of a VPID under all its PCIDs, 1 the VPID, 2 all VPIDs but 0, 3 the VPID except
   * global translations. Guest-physical mappings stay. Returns false if it failed: VPID 0, or an address that is not
   * canonical, which a page outside the reach of the tables stands for.
   */
  *invvpid(type: number, vpid = 0, page = 0): Code<boolean> {
    if (!this.config.vpid) throw fail.needsFeature('INVVPID', 'vpid')
    refuseSvm(this.config, 'INVVPID')
    const { vpids, vcpus } = this.config
    this.check('VPID of invvpid', vpid, 0, vpids || vcpus)
    return (yield* perform(INVVPID, type, vpid, this.isCanonical(page) ? page : NO_ADDRESS)) === 0
  }

  /** Whether a page number stands for a canonical address: the tables reach it, mapped or not. */
  isCanonical(page: number): boolean {
    return isCanonical(this.config, page)
  }

  /**
   * INVEPT: type 1 drops the guest-physical mappings of one EPT and the combined mappings made with it, under all VPIDs
   * and PCIDs; type 2 those of all EPTs. Linear mappings, which the guest makes while EPT is off, stay. Returns false if
   * it failed.
   */
  *invept(type: number, ept = 0): Code<boolean> {
    if (this.config.vpids === 0) this.ept('EPT of invept', ept)
    else this.check('EPT of invept', ept, 0, Math.max(0, this.config.ept - 1))
    refuseSvm(this.config, 'INVEPT')
    return (yield* perform(INVEPT, type, ept)) === 0
  }

  /** The VPID that the vCPU runs under from now on; what that VPID has cached on this pCPU is used as it is. */
  *loadVpid(vpid: number): Code {
    if (this.config.vpids === 0) throw fail.needsFeature('A VPID that the host gives out', 'vpids')
    refuseSvm(this.config, 'VMWRITE')
    this.check('VPID of loadVpid', vpid, 1, this.config.vpids)
    yield* perform(LOAD_VPID, vpid)
  }

  /** The EPT that the vCPU runs on from now on. */
  *loadEptp(ept: number): Code {
    this.ept('EPT of loadEptp', ept)
    refuseSvm(this.config, 'VMWRITE')
    yield* perform(LOAD_EPTP, ept)
  }

  /** The guest's CR3 as VM entry loads it, which drops nothing: an address space, under a PCID. */
  *loadGuestCr3(space: number, pcid = 0): Code {
    this.check('space of loadGuestCr3', space, 0, this.config.spaces - 1)
    this.check('PCID of loadGuestCr3', pcid, 0, Math.max(0, this.config.pcids - 1))
    yield* perform(LOAD_GUEST_CR3, space, pcid)
  }

  /** Reads the EPT entry of a guest frame. */
  *readEpt(frame: number, ept = 0): Code<number> {
    this.entry('readEpt', frame, ept)
    return yield* perform(READ_EPT, ept, frame)
  }

  /** Stores the EPT entry of a guest frame, a host frame with its flags, or no flags for none; returns the old one. */
  *setEpt(frame: number, hostFrame: number, flags: number, ept = 0): Code<number> {
    this.entry('setEpt', frame, ept)
    this.check('host frame of setEpt', hostFrame, 1, this.geometry.frames)
    this.rights('setEpt', flags)
    return yield* perform(XCHG_EPT, ept, frame, flags === 0 ? 0 : eptEntry(hostFrame, flags))
  }

  /** Clears flags of the EPT entry of a guest frame with a locked and; returns the old entry. */
  *clearEpt(frame: number, flags: number, ept = 0): Code<number> {
    this.entry('clearEpt', frame, ept)
    return yield* perform(CLEAR_EPT, ept, frame, flags)
  }

  /**
   * Stores a large entry in place of the one that leads to the EPT table of a guest frame: the four frames of that table
   * are mapped together, `frame` to `hostFrame` and its neighbours beside it. The table is kept; {@link linkEptTable}
   * splits the page again.
   */
  *mapLargeEpt(frame: number, hostFrame: number, flags: number, ept = 0): Code {
    if (!this.config.eptLarge) throw fail.needsFeature('A large page of an EPT', 'eptLarge')
    this.entry('mapLargeEpt', frame, ept)
    const { frames } = this.geometry
    const place = frame % EPT_TABLE_SPAN
    const last = Math.min(frame - place + EPT_TABLE_SPAN - 1, frames) - frame
    const first = frame < EPT_TABLE_SPAN ? 1 - frame : -place
    if (hostFrame % EPT_TABLE_SPAN !== place || hostFrame + first < 1 || hostFrame + last > frames)
      throw fail.badConfig(
        'host frame of mapLargeEpt',
        hostFrame,
        `a frame at the same place of its four as ${frame}, with all of them from 1 to ${frames}`,
      )
    this.rights('mapLargeEpt', flags)
    if (!isEptPresent(flags))
      throw fail.badConfig(
        'flags of mapLargeEpt',
        flags,
        'some right; `linkEptTable(frame, false)` takes all',
      )
    yield* perform(SET_LARGE_EPT, ept, frame, eptEntry(hostFrame - place, flags))
  }

  /** Reads what a large entry says of a guest frame; 0 where there is none. */
  *readLargeEpt(frame: number, ept = 0): Code<number> {
    if (!this.config.eptLarge) throw fail.needsFeature('A large page of an EPT', 'eptLarge')
    this.entry('readLargeEpt', frame, ept)
    return yield* perform(READ_LARGE_EPT, ept, frame)
  }

  /** Unlinks the EPT table that maps a guest frame from the level above it, or links it again. */
  *linkEptTable(frame: number, linked: boolean, ept = 0): Code {
    this.table('linkEptTable', frame, ept)
    yield* perform(LINK_EPT_TABLE, ept, frame, linked ? 1 : 0)
  }

  /** Gives the EPT table that maps a guest frame back to the allocator. */
  *freeEptTable(frame: number, ept = 0): Code {
    this.table('freeEptTable', frame, ept)
    yield* perform(FREE_EPT_TABLE, ept, frame)
  }

  /** Takes a host frame back. */
  *freeHostFrame(frame: number): Code {
    this.entry('freeHostFrame', frame, 0)
    yield* perform(FREE_HOST, frame)
  }

  /** Gives a host frame that is free to somebody else; returns whether it was. */
  *reuseHostFrame(frame: number): Code<boolean> {
    this.entry('reuseHostFrame', frame, 0)
    return (yield* perform(REUSE_HOST, frame)) === 1
  }

  /**
   * Runs `flush`, which is to make every CPU stop using what the EPT said of a guest frame before: once it has returned,
   * such a use is a violation.
   */
  *flushEpt(frame: number, flush: () => Code<unknown>, ept = 0): Code {
    this.entry('flushEpt', frame, ept)
    yield* perform(EPT_FLUSH_BEGINS, ept, frame)
    yield* flush()
    yield* perform(EPT_FLUSH_DONE)
  }

  private rights(method: string, flags: number): void {
    if (flags & EPT_W && (flags & EPT_R) === 0)
      throw fail.badConfig(`flags of ${method}`, flags, 'R with W: EPT misconfigurations are not modelled')
  }

  private entry(method: string, frame: number, ept: number): void {
    this.ept(`EPT of ${method}`, ept)
    this.check(`frame of ${method}`, frame, 1, this.geometry.frames)
  }

  private table(method: string, frame: number, ept: number): void {
    if (!this.config.eptTables) throw fail.needsFeature('A table of an EPT', 'eptTables')
    this.entry(method, frame, ept)
  }

  private ept(what: string, ept: number): void {
    if (this.config.ept === 0) throw fail.needsFeature('EPT', 'ept')
    this.check(what, ept, 0, this.config.ept - 1)
  }

  private check(what: string, found: number, from: number, to: number): void {
    if (!(Number.isInteger(found) && found >= from && found <= to))
      throw fail.badConfig(what, found, from === to ? String(from) : `${from} to ${to}`)
  }
}
