import type { Instance } from "@scaleset/autoscaler/provisioner";
import type { Daemon } from "../daemon.js";
import type { Check, Scene } from "./scene.js";

/** The wait of I2(c), less what rounding may take. @unit milliseconds */
const DETACHED_MS = 90_000 - 2;

/** I2 and the order of endings: nothing that may work is destroyed, the instance is the last to go, and only its own. */
export function endings(scene: Scene): Check {
  const { facts } = scene;
  return {
    began(daemon, { operation, name }) {
      if (operation !== "destroy") return;
      const instance = daemon.host.find(name);
      if (instance === undefined) return;
      whole(daemon, instance);
      if (facts.forced.has(name)) return;
      const runner = facts.byName.get(name);
      const about = { runner: name, job: runner?.job, scaleSetId: runner?.scaleSetId };
      if (runner?.registered) {
        scene.broke("I2", `${daemon.name} destroys ${name}, which is still registered`, about);
        return;
      }
      scene.checked("I2 the instance goes last");
      if (instance.state !== "started" || runner === undefined) return;
      if (runner.job !== undefined) {
        scene.broke("I2", `${daemon.name} destroys ${name}, which works on job ${runner.job}`, about);
        return;
      }
      scene.checked("I2 no busy runner is killed");
      if (runner.removalAnswered) return;
      const lease = facts.lease(daemon, facts.setName(runner.scaleSetId));
      const absentAt = runner.absentAt.get(lease);
      const waited = absentAt !== undefined && daemon.now() - absentAt >= DETACHED_MS && lease.polledAt > absentAt;
      if (!waited)
        scene.broke("I2", `${daemon.name} destroys ${name}, which runs, without a 204 and without the wait`, about);
      scene.checked("I2 the wait for one that the service does not know");
    },
  };

  /** F23: it is an instance of a scale set of its own. */
  function whole(daemon: Daemon, instance: Instance): void {
    scene.checked("F23 only instances of its own scale sets are touched");
    if (!daemon.identities.has(instance.labels.identity)) {
      scene.broke("F23", `${daemon.name} destroys ${instance.name}, which belongs to somebody else`, {
        runner: instance.name,
      });
    }
  }
}
