import { collectGarbage } from "../garbage.js";
import type { Check, Scene } from "./scene.js";

/** Characters of a JIT config that identify it. */
const SAMPLE = 60;

/** No secret stays in memory beyond its runner, and none is shown: JIT configs, by what the ports see of them. */
export class Memory implements Check {
  readonly #scene: Scene;
  readonly #jitConfigs = new Map<string, WeakRef<object>>();
  #looks = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  jitHandedOver(name: string, jitConfig: object): void {
    this.#jitConfigs.set(name, new WeakRef(jitConfig));
  }

  /** Every few minutes: what a daemon shows of itself holds no JIT config. */
  look(): void {
    this.#looks += 1;
    if (this.#looks % 60 !== 0) return;
    for (const daemon of this.#scene.daemons) {
      const shown = JSON.stringify(daemon.status() ?? {});
      this.#scene.checked("I10 no secret in the status");
      const encoded = new RegExp(`[A-Za-z0-9+/]{${SAMPLE},}={0,2}`).exec(shown)?.[0];
      const secret = encoded !== undefined && !/^[0-9a-f]+$/.test(encoded);
      if (secret || shown.includes("simulator-token")) {
        this.#scene.broke("I10", `the status of ${daemon.name} holds a secret`);
      }
    }
  }

  /** At rest: JIT configs of runners that are gone can be reached from nowhere. */
  atRest(): void {
    const live = new Set(this.#scene.hosts.flatMap((host) => host.instances().map(({ name }) => name)));
    const gone = [...this.#jitConfigs].filter(([name]) => !live.has(name));
    if (gone.length === 0) return;
    collectGarbage();
    this.#scene.checked("secrets: no JIT config outlives its runner");
    const kept = gone.filter(([, jitConfig]) => jitConfig.deref() !== undefined);
    const [first] = kept;
    if (first === undefined) return;
    this.#scene.broke("secret", `${kept.length} JIT configs are kept whose runners are gone, ${first[0]} among them`, {
      runner: first[0],
    });
  }
}
