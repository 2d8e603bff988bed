import type { Daemon } from "../daemon.js";
import type { Check, Scene } from "./scene.js";

/** Another daemon's instance may be unknown for so long: until the next list. @unit milliseconds */
const UNKNOWN_MS = 150_000;
/** JIT configs asked for within ten minutes in which no runner took a job, for a maximum of runners. */
const uselessJits = (maxRunners: number): number => 5 * maxRunners + 20;
const WINDOW_MS = 600_000;

/** I3, I4, F15, F20: instance first, each name once, never above the maximum, and not again and again for nothing. */
export function launches(scene: Scene): Check {
  const { facts } = scene;
  const made = new Set<string>();
  const asked = new Set<string>();
  /** Times of JIT requests since a runner of the set last took a job. */
  const useless = new Map<string, number[]>();

  const keyOf = (scaleSetId: number): string => `${facts.setPaths.get(scaleSetId)}/${facts.setName(scaleSetId)}`;

  const live = (daemon: Daemon, identity: string): number => {
    let count = 0;
    const now = scene.clock.now();
    for (const { labels, state, createdAt } of daemon.host.instances()) {
      if (labels.identity !== identity || state === "exited") continue;
      if (labels.owner === daemon.name || now - createdAt > UNKNOWN_MS) count += 1;
    }
    return count;
  };

  return {
    began(_daemon, { operation, name }) {
      if (operation !== "create") return;
      if (made.has(name)) scene.broke("I4", `the name ${name} is used twice`, { runner: name });
      made.add(name);
    },
    answered(_daemon, request, { status }) {
      // A plain no to the caller, not to the name: the same call is made again.
      if (request.kind === "jit" && (status === 401 || status === 403 || status === 429))
        asked.delete(request.runnerName);
    },
    asked(daemon, request) {
      if (request.kind !== "jit") return;
      const { runnerName, scaleSetId } = request;
      const about = { runner: runnerName, scaleSetId };
      if (asked.has(runnerName)) scene.broke("F15", `a JIT config for ${runnerName} is asked for twice`, about);
      asked.add(runnerName);
      scene.checked("F15 a name is asked for once");
      const instance = daemon.host.find(runnerName);
      scene.checked("I4 the instance is there before its JIT config");
      if (instance === undefined) {
        // One that was lost a moment ago is still believed to be there, until two lists have missed it.
        if (facts.lost.has(runnerName)) return;
        scene.broke("I4", `${daemon.name} asks for a JIT config for ${runnerName}, and there is no instance`, about);
        return;
      }
      const scaleSet = facts.setName(scaleSetId);
      const max = daemon.maxRunners(scaleSet);
      const count = live(daemon, instance.labels.identity);
      scene.checked("I3 never above the maximum");
      // Runners of a scale set that was taken out before this life began are nobody's to count.
      const its = new Set(daemon.status()?.scaleSets.map(({ name }) => daemon.identityOf(name)));
      const all = daemon.host
        .instances()
        .filter(({ labels, state }) => its.has(labels.identity) && labels.owner === daemon.name && state !== "exited");
      if (Number.isFinite(daemon.mostOfAll())) {
        scene.checked("I3 never above the maximum of all");
        if (all.length > daemon.mostOfAll()) {
          scene.broke(
            "I3",
            `${daemon.name} launches ${runnerName} as number ${all.length} of ${daemon.mostOfAll()} in all`,
            about,
          );
        }
      }
      if (count > max) scene.broke("I3", `${daemon.name} launches ${runnerName} as number ${count} of ${max}`, about);
      const now = scene.clock.monotonic();
      const key = keyOf(scaleSetId);
      const times = useless.get(key) ?? [];
      useless.set(key, times);
      times.push(now);
      while ((times[0] ?? now) < now - WINDOW_MS) times.shift();
      scene.checked("I7 launches that come to nothing are bounded");
      if (times.length > uselessJits(max)) {
        scene.broke(
          "I7",
          `${times.length} JIT configs of ${scaleSet} within ten minutes, and no runner took a job`,
          about,
        );
      }
    },
    entry({ subject, event, scaleSetId }) {
      if (subject === "job" && event === "started" && scaleSetId !== undefined) {
        useless.delete(keyOf(scaleSetId));
      }
    },
  };
}
