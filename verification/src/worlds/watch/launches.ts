import type { Check, Scene } from "./scene.js";

/** I4 and F15: the instance comes first, and each name is one attempt. */
export function launches(scene: Scene): Check {
  const { facts } = scene;
  const made = new Set<string>();
  const asked = new Set<string>();

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
      scene.checked("I4 the instance is there before its JIT config");
      // One that was lost a moment ago is still believed to be there, until two lists have missed it.
      if (daemon.host.find(runnerName) !== undefined || facts.lost.has(runnerName)) return;
      scene.broke("I4", `${daemon.name} asks for a JIT config for ${runnerName}, and there is no instance`, about);
    },
  };
}
