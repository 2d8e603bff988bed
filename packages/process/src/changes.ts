import { type FSWatcher, watch as watchFiles } from "node:fs";
import { basename, join } from "node:path";
import type { BackendLogger, Clock, Instance, InstanceEvent } from "@scaleset/provisioner";
import { EventFeed } from "@scaleset/provisioner";

/** How long a change that no file tells of (a shim that was killed) can stay unseen. @unit milliseconds */
const POLL_MS = 5_000;

/** Key of the watch on the folder of all; no instance can be called so. */
const ROOT = "";

export interface ChangesOptions {
  /** The folder that holds the instances' folders. */
  readonly root: string;
  readonly clock: Clock;
  readonly logger: BackendLogger;
  readonly read: (name: string) => Promise<Instance | undefined>;
  readonly list: () => Promise<readonly Instance[]>;
}

/**
 * Notices what becomes of instances while somebody watches: by files that change, by hints (`look`), and by looking at
 * all of them now and then. Tells each change once, beginning with what is there. A list and a look may answer out of order; so only looks, which are
 * made one after another, tell anything.
 */
export class Changes {
  readonly #options: ChangesOptions;
  readonly #feed = new EventFeed();
  /** What was told last of each instance; undefined while nobody watches. */
  #told: Map<string, string> | undefined;
  readonly #files = new Map<string, FSWatcher>();
  readonly #due = new Set<string>();
  #looking = false;
  #polling: AbortController | undefined;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  watch(signal: AbortSignal): AsyncIterable<InstanceEvent> {
    const events = this.#feed.watch(signal, () => {
      if (this.#feed.watchers === 0) this.#stop();
    });
    if (this.#feed.watchers > 0 && this.#told === undefined) this.#begin();
    return events;
  }

  close(): void {
    this.#feed.end();
    this.#stop();
  }

  /** Something may have become of this instance. */
  look(name: string): void {
    if (this.#told === undefined) return;
    this.#due.add(name);
    if (!this.#looking) void this.#lookAtDue();
  }

  #begin(): void {
    const told = new Map<string, string>();
    const polling = new AbortController();
    this.#told = told;
    this.#polling = polling;
    this.#watchFolder(ROOT, this.#options.root, (name) => this.look(name));
    void this.#pollUntil(polling.signal, told);
  }

  #stop(): void {
    this.#told = undefined;
    this.#polling?.abort(new Error("nobody watches"));
    for (const files of this.#files.values()) files.close();
    this.#files.clear();
    this.#due.clear();
  }

  async #pollUntil(signal: AbortSignal, told: ReadonlyMap<string, string>): Promise<void> {
    while (!signal.aborted) {
      try {
        const listed = await this.#options.list();
        if (signal.aborted) return;
        for (const instance of listed) {
          const { name } = instance;
          if (this.#watchInstance(instance) || told.get(name) !== fingerprint(instance)) this.look(name);
        }
        const names = new Set(listed.map((instance) => instance.name));
        for (const name of told.keys()) if (!names.has(name)) this.look(name);
      } catch (error) {
        this.#options.logger.warn({ error: String(error) }, "looking for changes of instances failed");
      }
      await this.#options.clock.sleep(POLL_MS, { signal }).catch(() => {});
    }
  }

  async #lookAtDue(): Promise<void> {
    this.#looking = true;
    for (const name of this.#due) {
      this.#due.delete(name);
      try {
        this.#tell(name, await this.#options.read(name));
      } catch (error) {
        this.#options.logger.warn({ name, error: String(error) }, "looking at an instance failed");
      }
    }
    this.#looking = false;
  }

  #tell(name: string, instance: Instance | undefined): void {
    const told = this.#told;
    if (told === undefined) return;
    if (instance === undefined) {
      this.#files.get(name)?.close();
      this.#files.delete(name);
      if (told.delete(name)) this.#feed.publish({ type: "gone", name });
      return;
    }
    // Something may have happened between the reading and the watch that begins only now.
    if (this.#watchInstance(instance)) this.#due.add(name);
    const now = fingerprint(instance);
    if (told.get(name) === now) return;
    told.set(name, now);
    this.#feed.publish({ type: "changed", instance });
  }

  /** True when its folder is watched from now on. */
  #watchInstance({ name, state }: Instance): boolean {
    if (state === "exited" || this.#files.has(name)) return false;
    this.#watchFolder(name, join(this.#options.root, name), () => this.look(name));
    return this.#files.has(name);
  }

  /** Where the system has no more file watches to give, looking now and then must do. */
  #watchFolder(key: string, folder: string, onChange: (name: string) => void): void {
    if (this.#files.has(key)) return;
    try {
      const files = watchFiles(folder, { persistent: false }, (_event, file) => {
        if (key !== ROOT) onChange(key);
        else if (file !== null && !file.startsWith(".")) onChange(basename(file));
      });
      files.on("error", () => files.close());
      this.#files.set(key, files);
    } catch (error) {
      this.#options.logger.debug({ folder, error: String(error) }, "a folder can't be watched; it is polled");
    }
  }
}

function fingerprint(instance: Instance): string {
  return `${instance.state} ${instance.exitCode ?? ""} ${instance.exitReason ?? ""}`;
}
