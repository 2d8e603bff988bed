import { realClock } from "@scaleset/client";
import { describe, expect, inject, test } from "vitest";
import { docker, freshName, labels, openBackend, soon, startInstance } from "./bench.js";
import { until } from "./fleet-stage.js";

const IMAGE = inject("hostImage").image;
/** In place of an inner engine, whose image can't be had here. */
const INNER = {
  image: IMAGE,
  privileged: false,
  command: ["sh", "-c", "exec sleep 300"],
};

const all = async (): Promise<string[]> =>
  (await docker.listContainers({ all: true })).flatMap(({ Names }) => Names.map((name) => name.slice(1)));
const networks = async (): Promise<string[]> =>
  (await docker.listNetworks()).map(({ Name }) => Name).filter((name) => name.startsWith("scaleset-"));
const volumes = async (): Promise<number> => (await docker.listVolumes()).Volumes.length;

describe("an engine for each runner", () => {
  const options = {
    user: "0:0",
    dockerInDocker: { ...INNER, mounts: inject("hostImage").mounts },
  };

  test("shares the runner's network and volumes, is no instance, and goes with it, with all that was made for it", async () => {
    const { backend } = await openBackend(options);
    const name = await startInstance(backend, "work.0");
    expect((await backend.list(soon())).map((each) => each.name)).toEqual([name]);
    expect((await all()).length).toBe(2);
    expect((await networks()).length).toBe(1);
    const [runner, inner] = await Promise.all(
      [name, (await all()).find((each) => each !== name) ?? ""].map((each) => docker.getContainer(each).inspect()),
    );
    expect(inner?.HostConfig.NetworkMode).toBe(`container:${runner?.Id}`);
    await until(
      "the inner engine runs",
      async () => (await docker.getContainer(inner?.Id ?? "").inspect()).State.Running,
    );
    const shared = (container: typeof runner): string | undefined =>
      container?.Mounts.find(({ Destination }) => Destination === "/run/scaleset-docker")?.Name;
    expect(shared(inner)).toBeDefined();
    expect(shared(inner)).toBe(shared(runner));
    await backend.destroy(name, { ...soon(), graceMs: 0 });
    expect([await all(), await networks(), await volumes()]).toEqual([[], [], 0]);
  });

  test("that can't be made leaves nothing of its runner either", async () => {
    const { backend } = await openBackend({ ...options, dockerInDocker: { ...INNER, image: "no/such:image" } });
    await expect(backend.create({ name: freshName(), labels }, soon())).rejects.toMatchObject({ kind: "rejected" });
    expect([await all(), await networks(), await volumes()]).toEqual([[], [], 0]);
  });
});

describe("containers made ahead", () => {
  test("are no instances, become one by a launch, and are gone when the backend is closed", async () => {
    const { backend } = await openBackend({ prewarm: 2 });
    const first = await startInstance(backend, "work.0");
    const ahead = async (): Promise<string[]> => (await all()).filter((name) => name.startsWith("scaleset.ahead."));
    await until("two are ready", async () => (await ahead()).length === 2);
    expect((await backend.list(soon())).map(({ name }) => name)).toEqual([first]);
    const ids = (await docker.listContainers({ all: true })).map(({ Id }) => Id);
    const second = await startInstance(backend, "exit.7");
    expect(ids).toContain((await docker.getContainer(second).inspect()).Id);
    await until("it has ended", async () =>
      (await backend.list(soon())).some(({ name, exitCode }) => name === second && exitCode === 7),
    );
    await until("another is ready", async () => (await ahead()).length === 2);
    await backend.close();
    expect((await all()).sort()).toEqual([first, second].sort());
  });
});

describe("what a daemon that was killed left behind", () => {
  const later = { ...realClock, now: () => realClock.now() + 3_600_000 };

  test("is removed by the next one when no runner leads to it; what is young, or anybody else's, is left alone", async () => {
    const bundle = { "scaleset.bundle": "orphan", "scaleset.identity": labels.identity };
    const orphan = { ...bundle, "scaleset.role": "inner-engine" };
    await docker.createContainer({ name: "orphan", Image: IMAGE, Cmd: ["sh"], Labels: orphan });
    await docker.createNetwork({ Name: "scaleset-orphan", Labels: bundle });
    await docker.createVolume({ Name: "orphan", Labels: bundle });
    await docker.createNetwork({ Name: "scaleset-of-a-stranger" });
    const own = { "scaleset.bundle": "led", "scaleset.identity": labels.identity, "scaleset.schema": "1" };
    await docker.createContainer({ name: "led", Image: IMAGE, Cmd: ["sh"], Labels: own });
    await docker.createNetwork({ Name: "scaleset-led", Labels: own });
    try {
      const young = await openBackend({});
      await young.backend.close();
      expect(await networks()).toContain("scaleset-orphan");

      await openBackend({}, { clock: later });
      await until("it is gone", async () => !(await networks()).includes("scaleset-orphan"));
      await until("its volume, too", async () => (await volumes()) === 0);
      expect(await all()).toEqual(["led"]);
      expect((await networks()).sort()).toEqual(["scaleset-led", "scaleset-of-a-stranger"]);
    } finally {
      for (const name of ["scaleset-of-a-stranger", "scaleset-led"]) await docker.getNetwork(name).remove();
      await docker.getContainer("led").remove({ force: true });
    }
  });
});
