/** What the operations of a machine do: every room that has some installs them here, in the order of the house. */
import { installQueues } from '../guest/call-queue.ts'
import { installSlots } from '../guest/smp.ts'
import { installEmulator } from '../hypervisor/emulator.ts'
import { installAccess } from '../machine/access.ts'
import { installAllocator } from '../machine/allocate.ts'
import { installBroadcast } from '../machine/broadcast.ts'
import { installCopy } from '../machine/copy.ts'
import { installFlushGhosts } from '../machine/flush-ghosts.ts'
import { installFrames } from '../machine/frames.ts'
import { installHostFrames } from '../machine/host-frames.ts'
import { installInterrupts } from '../machine/interrupts.ts'
import { installInvalidations } from '../machine/invalidate.ts'
import type { Machine } from '../machine/machine.ts'
import { installMemory } from '../machine/memory.ts'
import { installNestedWalk } from '../machine/nested-walk.ts'
import { installOffline } from '../machine/offline.ts'
import { installPcid } from '../machine/pcid.ts'
import { installRar } from '../machine/rar.ts'
import { installSvm } from '../machine/svm.ts'
import { installTables } from '../machine/tables.ts'
import { installVmx } from '../machine/vmx-invalidate.ts'
import { installWalk } from '../machine/walk.ts'

/** Where an operation is installed twice, or a hook of the machine wrapped, the later one has the last word. */
const installers: readonly ((m: Machine) => void)[] = [
  installMemory,
  installTables,
  installFrames,
  installAllocator,
  installCopy,
  installInvalidations,
  installWalk,
  installAccess,
  installFlushGhosts,
  installInterrupts,
  installPcid,
  installOffline,
  installBroadcast,
  installRar,
  installNestedWalk,
  installHostFrames,
  installVmx,
  installSvm,
  installEmulator,
  installSlots,
  installQueues,
]

/** Installs all operations on a machine whose state has its room. */
export function installOperations(m: Machine): void {
  for (const install of installers) install(m)
}
