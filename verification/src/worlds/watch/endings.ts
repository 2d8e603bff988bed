import type { Instance } from "@scaleset/provisioner";
import type { RunnerFact } from "./registrations.js";
import type { BackendCall, Check, Scene, WatchedDaemon } from "./scene.js";
import { followed } from "./witness.js";

/** Clocks of daemons run up to half a percent fast. */
const RATE = 0.994;

/** I2 and the order of endings: no live runner is ended without a reason that the law names, and the instance goes last. */
export function endings(scene: Scene): Check {
  const { facts } = scene;
  /** Since when a scale set is drained, by daemon and name. */
  const drainingMs = new Map<string, number>();
  const drainKey = (daemon: WatchedDaemon, scaleSet: string): string => `${daemon.name} ${scaleSet}`;

  return {
    look() {
      for (const daemon of scene.daemons) {
        const served = new Set(
          daemon.config.scaleSets.filter(({ maxRunners }) => maxRunners > 0).map(({ name }) => name),
        );
        for (const [id, scaleSet] of facts.setNames) {
          if (facts.setPaths.get(id) !== daemon.path) continue;
          const key = drainKey(daemon, scaleSet);
          if (served.has(scaleSet)) drainingMs.delete(key);
          else if (!drainingMs.has(key)) drainingMs.set(key, scene.clock.monotonic());
        }
      }
    },
    began(daemon: WatchedDaemon, { operation, name }: BackendCall) {
      if (operation !== "destroy") return;
      const instance = daemon.host.find(name);
      if (instance === undefined) return;
      own(daemon, instance);
      const runner = facts.byName.get(name);
      if (runner === undefined) return;
      const live = instance.state === "started";
      if (live && isForced(daemon, runner)) {
        facts.forced.add(name);
        return;
      }
      const about = { runner: name, job: runner.job, scaleSetId: runner.scaleSetId };
      scene.checked("I2 the instance goes last");
      if (runner.registered && !runner.removalAnswered && !runner.absentAnswered) {
        scene.broke("I2", `${daemon.name} destroys ${name}, which is registered: nobody asked`, about);
        return;
      }
      if (!live || runner.removalAnswered) return;
      scene.checked("I2 a live runner is ended by the witness rule only");
      const broken = followed({
        lease: facts.lease(daemon, facts.setName(runner.scaleSetId)),
        runner,
        nowMs: scene.clock.monotonic(),
        observesExit: daemon.host.capabilities.observesExit,
      });
      if (broken === undefined) busyOne(daemon, runner);
      else scene.broke("I2", `${daemon.name} destroys ${name}, which runs: ${broken}`, about);
    },
  };

  /** The rule was followed, and the runner works all the same: it promises that this needs two liars. */
  function busyOne(daemon: WatchedDaemon, runner: RunnerFact): void {
    if (runner.job === undefined) return;
    const firstMs = facts.lease(daemon, facts.setName(runner.scaleSetId)).absent.get(runner.name)?.firstMs ?? 0;
    const liars = scene.troubles.liarsSince(firstMs);
    const lied = (["agents", "statistics", "messages"] as const).filter((liar) => liars.has(liar));
    scene.checked("I2 no busy runner is killed");
    if (lied.length > 1) return;
    scene.broke("I2", `${daemon.name} destroys ${runner.name}, which works on job ${runner.job}`, {
      runner: runner.name,
      job: runner.job,
      scaleSetId: runner.scaleSetId,
    });
  }

  /** A limit that somebody set is over: the only exceptions to I2. */
  function isForced(daemon: WatchedDaemon, runner: RunnerFact): boolean {
    if (runner.job === undefined) return false;
    const nowMs = scene.clock.monotonic();
    const scaleSet = facts.setName(runner.scaleSetId);
    const { maxJobDurationMs, drainDeadlineMs } = daemon.config.timings;
    const drainedMs = drainingMs.get(drainKey(daemon, scaleSet)) ?? Number.POSITIVE_INFINITY;
    return nowMs - runner.jobStartedMs >= maxJobDurationMs * RATE || nowMs - drainedMs >= drainDeadlineMs * RATE;
  }

  /** F23: it is an instance of a scale set of its own. */
  function own(daemon: WatchedDaemon, { name, labels }: Instance): void {
    scene.checked("F23 only instances of its own scale sets are touched");
    if (daemon.identities.has(labels.identity)) return;
    scene.broke("F23", `${daemon.name} destroys ${name}, which belongs to another daemon`, { runner: name });
  }
}
