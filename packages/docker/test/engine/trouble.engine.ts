import { BackendError } from "@scaleset/provisioner";
import { describe, expect, inject, test } from "vitest";
import { docker, freshName, labels, openBackend, secret, soon, startInstance } from "./bench.js";
import { until } from "./fleet-stage.js";

async function refusal(work: Promise<unknown>): Promise<BackendError> {
  const error = await work.then(
    () => new Error("it worked"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof BackendError) return error;
  throw error;
}

const IMAGE = inject("hostImage").image;

describe("what can't work is said", () => {
  test("an image that is not there, with pull never", async () => {
    const { backend } = await openBackend({ image: "no/such:image" });
    const name = freshName();
    expect(await refusal(backend.create({ name, labels }, soon()))).toMatchObject({
      kind: "rejected",
      message: expect.stringMatching(/no image no\/such:image, and pull is never: run "docker pull no\/such:image"/),
    });
    expect(await backend.list(soon())).toEqual([]);
    expect(await backend.check(soon())).toContainEqual(expect.objectContaining({ level: "error" }));
  });

  test.each([
    ["too little memory", { memory: "1m" }, "memory"],
    ["more processors than there are", { cpus: 4_000 }, "cpus"],
    ["a path that is not there", { mounts: [{ source: "/no/such", target: "/x" }] }, "mounts"],
    ["an unknown runtime", { runtime: "nope" }, "runtime"],
    ["an unknown log driver", { log: { driver: "nope" } }, "log"],
    ["a bad name of an image", { image: "UPPER:::case" }, "image"],
  ])("%s, in the engine's words and with the option's name", async (_, options, option) => {
    const { backend } = await openBackend(options);
    const error = await refusal(backend.create({ name: freshName(), labels }, soon()));
    expect(error).toMatchObject({ kind: "rejected", message: expect.stringContaining(`provisioner.docker.${option}`) });
    expect(await docker.listContainers({ all: true })).toEqual([]);
  });

  test.each([
    ["a network that is not there", { networks: ["nope"] }, "networks"],
    ["a user that the image does not have", { user: "nobody9" }, "user"],
    ["a program that the image does not have", { jitConfig: "file", init: false, command: ["/no/such"] }, "command"],
  ])("%s, at the latest when it is started", async (_, options, option) => {
    const { backend } = await openBackend(options);
    const name = freshName();
    const launch = async (): Promise<void> => {
      await backend.create({ name, labels }, soon());
      await backend.start(name, secret("x"), soon());
    };
    const error = await refusal(launch());
    expect(error).toMatchObject({ kind: "rejected", message: expect.stringContaining(`provisioner.docker.${option}`) });
    await backend.destroy(name, { ...soon(), graceMs: 0 });
    expect(await backend.list(soon())).toEqual([]);
  });

  test("a root that was made unwritable in another way than by our option", async () => {
    const { backend } = await openBackend({});
    const name = freshName();
    // As somebody's authorization plugin might.
    await docker.createContainer({
      name,
      Image: IMAGE,
      Cmd: ["sh"],
      Labels: { "scaleset.identity": labels.identity, "scaleset.schema": "1" },
      HostConfig: { ReadonlyRootfs: true },
    });
    expect(await refusal(backend.start(name, secret("x"), soon()))).toMatchObject({
      kind: "rejected",
      message: expect.stringContaining("set provisioner.docker.readOnly to true"),
    });
  });

  test("a name that a stranger's container has; and the stranger is left alone", async () => {
    const { backend } = await openBackend({});
    const name = freshName();
    const stranger = await docker.createContainer({ name, Image: IMAGE, Cmd: ["sh"] });
    try {
      expect(await refusal(backend.create({ name, labels }, soon()))).toMatchObject({
        kind: "transient",
        message: expect.stringContaining("taken by a container that is no runner of ours"),
      });
      expect(await refusal(backend.start(name, secret("x"), soon()))).toMatchObject({ kind: "gone" });
      await backend.destroy(name, { ...soon(), graceMs: 0 });
      expect((await stranger.inspect()).Name).toBe(`/${name}`);
      expect(await backend.list(soon())).toEqual([]);
    } finally {
      await stranger.remove({ force: true });
    }
  });

  test("an engine that is not there", async () => {
    const { backend } = await openBackend({ engine: { host: "unix:///no/such.sock" } });
    for (const call of [
      backend.list(soon()),
      backend.check(soon()),
      backend.create({ name: freshName(), labels }, soon()),
    ])
      expect(await refusal(call)).toMatchObject({
        kind: "transient",
        message: expect.stringContaining("there is no Docker engine at unix:///no/such.sock: start it"),
      });
  });
});

describe("how a runner ended is told apart", () => {
  test("exit code 7, and running out of memory", async () => {
    const eats = `unset ACTIONS_RUNNER_INPUT_JITCONFIG; exec node -e 'const a=[]; for(;;) a.push(Buffer.alloc(1e7, 1))'`;
    const { backend } = await openBackend({
      memory: "60m",
      memorySwap: "60m",
      init: false,
      command: ["sh", "-c", eats],
    });
    const hungry = await startInstance(backend, "work.0");
    const { backend: other } = await openBackend({});
    const seven = await startInstance(other, "exit.7");
    const find = async (name: string) => (await backend.list(soon())).find((each) => each.name === name);
    await until("both have ended", async () => {
      const states = [await find(hungry), await find(seven)].map((each) => each?.state);
      return states.every((state) => state === "exited");
    });
    expect(await find(hungry)).toMatchObject({ exitCode: 137, exitReason: expect.stringContaining("out of memory") });
    const ended = await find(seven);
    expect(ended?.exitCode).toBe(7);
    expect(ended).not.toHaveProperty("exitReason");
  });

  test("a container that was started a second time, by hand, runs no second runner", async () => {
    const { backend } = await openBackend({});
    const name = await startInstance(backend, "exit.0");
    const output = async (): Promise<string> => (await backend.logs?.(name, { ...soon(), tailBytes: 10_000 })) ?? "";
    await until("it has ended", async () =>
      (await backend.list(soon())).some((each) => each.name === name && each.state === "exited"),
    );
    await docker.getContainer(name).start();
    await until("it has said so", async () => (await output()).includes("a runner runs once"));
    expect((await output()).split("contract runner started").length - 1).toBe(1);
  });
});
