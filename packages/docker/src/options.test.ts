import { expect, test } from "vitest";
import { z } from "zod";
import { provisioner } from "./provisioner.js";

const problems = (given: object): string =>
  provisioner.schema
    .safeParse(given)
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`)
    .join("; ") ?? "";

test.each<[object, string]>([
  [{ imagee: "x" }, "imagee"],
  [{ env: { ACTIONS_RUNNER_INPUT_JITCONFIG: "x" } }, "env: ACTIONS_RUNNER_INPUT_JITCONFIG is set for each runner"],
  [{ env: { "A B": "x" } }, "env.A B: "],
  [{ memory: "lots" }, "memory: "],
  [{ tmpfs: { "/": "" } }, "tmpfs./: "],
  [{ mounts: [{ source: "/x", target: "/.scaleset/jit" }] }, "mounts.0.target: nothing may be mounted over /.scaleset"],
  [{ mounts: [{ source: "/x", target: "relative" }] }, "mounts.0.target: expected an absolute path"],
  [{ networks: ["host", "ci"] }, "networks: host can't be joined together"],
  [{ networks: ["host"], dockerInDocker: {} }, "networks: a runner with an engine of its own"],
  [{ labels: { "scaleset.owner": "me" } }, "labels"],
  [{ registry: { username: "x" } }, "registry: give either password or passwordFile"],
  [{ engine: { host: "ssh://me@there" } }, "engine.host: expected unix:///PATH"],
  [
    { createOptions: { HostConfig: { AutoRemove: true } } },
    "createOptions.HostConfig.AutoRemove: an ended runner must stay",
  ],
  [{ createOptions: { HostConfig: { RestartPolicy: { Name: "always" } } } }, "RestartPolicy: a runner runs once"],
  [{ createOptions: { Tty: true } }, "createOptions.Tty"],
  [{ createOptions: { Labels: { "scaleset.spec": "x" } } }, "createOptions.Labels.scaleset.spec"],
  [{ pull: "sometimes" }, "pull: "],
  [{ devices: ["kvm"] }, "devices.0: expected /dev/NAME"],
])("%j is refused, and it is said where and why", (given, expected) => {
  expect(problems(given)).toContain(expected);
});

test("every option has a description, and a JSON Schema can be made of them all", () => {
  const schema = z.toJSONSchema(provisioner.schema, { io: "input" });
  const undescribed: string[] = [];
  const walk = (at: unknown, path: string): void => {
    if (typeof at !== "object" || at === null || !("properties" in at)) return;
    for (const [name, property] of Object.entries(Object(at.properties))) {
      if (!Object(property).description) undescribed.push(`${path}${name}`);
      walk(property, `${path}${name}.`);
    }
  };
  walk(schema, "");
  expect(undescribed).toEqual([]);
  expect(Object.keys(Object(schema.properties)).length).toBeGreaterThan(30);
});
