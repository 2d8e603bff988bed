import { MemoryBackend } from "./backend.js";
import { MemoryInstances } from "./instances.js";

/** A machine (or a cluster) that exists in memory only, and outlives the backends opened on it. */
export class MemoryHost extends MemoryInstances {
  /** One more view of this host: what a daemon opens when it starts, again after a crash. */
  open(): MemoryBackend {
    return new MemoryBackend(this);
  }
}
