import { describe, expect, test } from "vitest";
import { bytesOf } from "./bytes.js";
import { containerBody, furtherNetworks, hidesJitConfig, innerEngineBody } from "./container.js";
import type { DockerOptions } from "./options.js";
import { provisioner } from "./provisioner.js";

const plan = { labels: { "scaleset.identity": "abc" }, bundle: "b1", baseFolder: "/etc/scaleset" };
const options = (given: object = {}): DockerOptions => provisioner.schema.parse(given);
const host = (given: object): unknown => containerBody(options(given), plan).HostConfig;

describe("a runner's container", () => {
  test("is made from the official image without any option, and runs its run.sh under our entry", () => {
    const body = containerBody(options(), plan);
    expect(body).toMatchObject({
      Image: "ghcr.io/actions/actions-runner:latest",
      Cmd: ["/home/runner/run.sh"],
      Labels: { "scaleset.identity": "abc", "scaleset.bundle": "b1" },
      Env: [],
      HostConfig: { RestartPolicy: { Name: "no" } },
    });
    expect(body.Entrypoint?.slice(0, 2)).toEqual(["/bin/sh", "-c"]);
    // An engine takes null, 0 and empty lists for orders, too.
    expect(Object.keys(body.HostConfig ?? {})).toEqual(["RestartPolicy"]);
    expect(body).not.toHaveProperty("User");
  });

  test.each<[string, object, object]>([
    ["cpus", { cpus: 1.5 }, { NanoCpus: 1_500_000_000 }],
    ["cpuset", { cpuset: "0-3" }, { CpusetCpus: "0-3" }],
    ["memory", { memory: "4g", memorySwap: "4g" }, { Memory: 4 * 2 ** 30, MemorySwap: 4 * 2 ** 30 }],
    ["pids", { pids: 500 }, { PidsLimit: 500 }],
    ["shm", { shm: "1g" }, { ShmSize: 2 ** 30 }],
    ["tmpfs", { tmpfs: { "/tmp": "size=1g" } }, { Tmpfs: { "/tmp": "size=1g" } }],
    ["one network", { networks: ["ci"] }, { NetworkMode: "ci" }],
    ["extra hosts", { extraHosts: ["a:host-gateway"] }, { ExtraHosts: ["a:host-gateway"] }],
    ["dns", { dns: ["1.1.1.1"] }, { Dns: ["1.1.1.1"] }],
    ["capabilities", { capAdd: ["SYS_PTRACE"], capDrop: ["ALL"] }, { CapAdd: ["SYS_PTRACE"], CapDrop: ["ALL"] }],
    ["security options", { securityOpt: ["no-new-privileges"] }, { SecurityOpt: ["no-new-privileges"] }],
    ["runtime", { runtime: "runsc" }, { Runtime: "runsc" }],
    ["init", { init: true }, { Init: true }],
    ["privileged", { privileged: true }, { Privileged: true }],
    ["sysctls", { sysctls: { "net.core.somaxconn": "1024" } }, { Sysctls: { "net.core.somaxconn": "1024" } }],
    [
      "ulimits",
      { ulimits: { nofile: 1024, nproc: { soft: 1, hard: 2 } } },
      {
        Ulimits: [
          { Name: "nofile", Soft: 1024, Hard: 1024 },
          { Name: "nproc", Soft: 1, Hard: 2 },
        ],
      },
    ],
    [
      "log",
      { log: { driver: "local", options: { "max-size": "10m" } } },
      { LogConfig: { Type: "local", Config: { "max-size": "10m" } } },
    ],
    [
      "devices",
      { devices: ["/dev/kvm", "/dev/sda:/dev/xvda:r"] },
      {
        Devices: [
          { PathOnHost: "/dev/kvm", PathInContainer: "/dev/kvm", CgroupPermissions: "rwm" },
          { PathOnHost: "/dev/sda", PathInContainer: "/dev/xvda", CgroupPermissions: "r" },
        ],
      },
    ],
    ["all gpus", { gpus: "all" }, { DeviceRequests: [{ Driver: "", Count: -1, Capabilities: [["gpu"]] }] }],
    ["two gpus", { gpus: 2 }, { DeviceRequests: [{ Driver: "", Count: 2, Capabilities: [["gpu"]] }] }],
    [
      "named gpus",
      { gpus: ["GPU-1"] },
      { DeviceRequests: [{ Driver: "", DeviceIDs: ["GPU-1"], Capabilities: [["gpu"]] }] },
    ],
    [
      "mounts",
      {
        mounts: [
          { source: "./cache", target: "/cache" },
          { source: "deps", target: "/deps", readOnly: true },
        ],
      },
      {
        Mounts: [
          { Type: "bind", Source: "/etc/scaleset/cache", Target: "/cache", ReadOnly: false },
          { Type: "volume", Source: "deps", Target: "/deps", ReadOnly: true },
        ],
      },
    ],
  ])("has what the option for %s says", (_, given, expected) => {
    expect(host(given)).toEqual({ RestartPolicy: { Name: "no" }, ...expected });
  });

  test("has user, platform, environment and labels", () => {
    const body = containerBody(
      options({ user: "runner", platform: "linux/arm64", env: { A: "1" }, labels: { team: "x" } }),
      plan,
    );
    expect(body).toMatchObject({ User: "runner", platform: "linux/arm64", Env: ["A=1"] });
    expect(body.Labels).toEqual({ team: "x", "scaleset.identity": "abc", "scaleset.bundle": "b1" });
  });

  test("keeps the image's own entrypoint where that reads the JIT config's file itself", () => {
    const own = containerBody(options({ jitConfig: "file" }), plan);
    expect(own).not.toHaveProperty("Entrypoint");
    expect(own.Env).toEqual(["SCALESET_JIT_CONFIG_FILE=/.scaleset/jit/config"]);
    expect(containerBody(options({ jitConfig: "file", command: ["/go"] }), plan)).toMatchObject({
      Entrypoint: ["/go"],
      Cmd: [],
    });
  });

  test("takes raw options over ours, merged as deep as both are objects", () => {
    const body = containerBody(
      options({ memory: "1g", createOptions: { Hostname: "h", HostConfig: { Memory: 5, OomScoreAdj: 500 } } }),
      plan,
    );
    expect(body).toMatchObject({
      Hostname: "h",
      HostConfig: { Memory: 5, OomScoreAdj: 500, RestartPolicy: { Name: "no" } },
    });
  });

  test("has a volume for the JIT config where its root can't be written", () => {
    expect(host({ readOnly: true })).toMatchObject({
      ReadonlyRootfs: true,
      Mounts: [{ Type: "volume", Source: "", Target: "/.scaleset" }],
    });
    expect(host({ createOptions: { HostConfig: { ReadonlyRootfs: true } } })).toMatchObject({
      Mounts: [{ Target: "/.scaleset" }],
    });
  });

  test.each([
    { Tmpfs: { "/": "" } },
    { Binds: ["/x:/.scaleset/jit"] },
    { Mounts: [{ Type: "tmpfs", Target: "/.scaleset" }] },
  ])("is refused where raw options such as %j would hide the JIT config", (HostConfig) => {
    expect(hidesJitConfig(containerBody(options({ createOptions: { HostConfig } }), plan))).toBeDefined();
    expect(hidesJitConfig(containerBody(options({ readOnly: true, tmpfs: { "/tmp": "" } }), plan))).toBeUndefined();
  });
});

describe("an engine for each runner", () => {
  const inner = options({ dockerInDocker: { memory: "2g" }, networks: ["ci"] });

  test("is reached by a socket that both share, and the runner waits for it", () => {
    const body = containerBody(inner, plan);
    expect(body.Env).toEqual([
      "DOCKER_HOST=unix:///run/scaleset-docker/docker.sock",
      "RUNNER_WAIT_FOR_DOCKER_IN_SECONDS=120",
    ]);
    expect(body.HostConfig?.NetworkMode).toBe("scaleset-b1");
    expect(body.HostConfig?.Mounts?.map(({ Target }) => Target)).toEqual([
      "/run/scaleset-docker",
      "/home/runner/_work",
      "/home/runner/externals",
    ]);
    expect(furtherNetworks(inner)).toEqual(["ci"]);
  });

  test("lives in the runner's network and sees its volumes, and has one for its images", () => {
    const body = innerEngineBody(inner, plan, "runner-id");
    expect(body).toMatchObject({
      Image: "docker:dind",
      Labels: { "scaleset.bundle": "b1", "scaleset.role": "inner-engine" },
      HostConfig: {
        NetworkMode: "container:runner-id",
        VolumesFrom: ["runner-id"],
        Privileged: true,
        Memory: 2 * 2 ** 30,
        Mounts: [{ Target: "/var/lib/docker", Source: "" }],
      },
    });
    expect(body?.Cmd).toContain("--host=unix:///run/scaleset-docker/docker.sock");
    expect(innerEngineBody(options(), plan, "x")).toBeUndefined();
  });

  test("need not be privileged with a runtime that is made for it", () => {
    const given = options({ dockerInDocker: { privileged: false, runtime: "sysbox-runc" } });
    const body = innerEngineBody(given, plan, "x");
    expect(body?.HostConfig).not.toHaveProperty("Privileged");
    expect(body?.HostConfig?.Runtime).toBe("sysbox-runc");
  });
});

test.each([
  ["512m", 512 * 2 ** 20],
  ["4 GiB", 4 * 2 ** 30],
  ["1.5g", 1.5 * 2 ** 30],
  ["100", 100],
  ["10KB", 10_240],
  [77, 77],
])("a size of %s is %d bytes", (size, bytes) => {
  expect(bytesOf(size)).toBe(bytes);
});
