import type { defineProvisioner } from "@scaleset/provisioner";
import { isRecord } from "./is-record.js";
import { JIT_FOLDER, JIT_VARIABLE, overlaps } from "./jit-place.js";

/** The official image, whose layout the default command expects. */
const DEFAULT_IMAGE = "ghcr.io/actions/actions-runner:latest";

type Zod = Parameters<Parameters<typeof defineProvisioner>[0]["options"]>[0];
type Parts = ReturnType<typeof optionParts>;

/** Schemas that several options share. */
export function optionParts(z: Zod) {
  const text = z.string().min(1);
  const size = z.union([
    z.int().min(1),
    z
      .string()
      .regex(/^\d+(?:\.\d+)?\s*(?:b|[kmgt](?:i?b)?)?$/i, 'expected a size like 512m, "4 GiB" or a number of bytes'),
  ]);
  const path = z.string().startsWith("/", "expected an absolute path inside the container");
  const target = path.refine(
    (at) => !overlaps(at, JIT_FOLDER),
    `nothing may be mounted over ${JIT_FOLDER}, where a runner finds its JIT config`,
  );
  const env = z.record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "not a name of an environment variable"),
    z.string(),
  );
  const mount = z.strictObject({
    type: z
      .enum(["bind", "volume"])
      .optional()
      .describe("bind: a path of the engine's machine; volume: a named volume. By default what the source looks like."),
    source: text.describe(
      "Path on the engine's machine (relative to the config file if it begins with ./), or a volume's name.",
    ),
    target: target.describe("Where it appears in the container."),
    readOnly: z.boolean().default(false).describe("Whether the container may only read it."),
  });
  const mounts = z.array(mount).default([]);
  return { text, size, target, env, mounts };
}

/** What runs in the container, and how it starts. */
export function runnerFields(z: Zod, { text, env }: Parts) {
  return {
    image: text
      .default(DEFAULT_IMAGE)
      .describe("Image of the runner. The default is the official one; better name a tag or a digest."),
    pull: z
      .enum(["missing", "always", "never"])
      .default("missing")
      .describe(
        "When the image is pulled: missing (if the engine lacks it), always (asked for again before launches, at most once a minute; the copy at hand is used while the registry can't be reached), never.",
      ),
    registry: z
      .strictObject({
        server: text
          .optional()
          .describe("Address of the registry, as in the image's name. By default the image's own."),
        username: text.describe("User at the registry."),
        password: text.optional().describe(`Password or token at the registry, best as a \${VARIABLE}.`),
        passwordFile: text
          .optional()
          .describe("File that holds the password and nothing else; read again at each pull."),
      })
      .refine(
        (registry) => (registry.password === undefined) !== (registry.passwordFile === undefined),
        "give either password or passwordFile",
      )
      .optional()
      .describe("Login for pulling the image. By default that of ~/.docker/config.json, if there is one."),
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("Program and arguments run as the runner. By default /home/runner/run.sh, as in the official image."),
    user: text
      .optional()
      .describe("User (name or number, with :group if wanted) that the runner runs as. By default the image's."),
    env: env
      .default({})
      .refine((given) => !(JIT_VARIABLE in given), `${JIT_VARIABLE} is set for each runner, not here`)
      .describe("Environment variables added to those of the image."),
    jitConfig: z
      .enum(["env", "file"])
      .default("env")
      .describe(
        `How the runner gets its JIT config: env (our entry reads it from a file, deletes that, and exports ${JIT_VARIABLE} to the command alone; needs /bin/sh) or file (the command finds the file's path in SCALESET_JIT_CONFIG_FILE, and must delete it).`,
      ),
  };
}

/** What a runner may use up. */
export function limitFields(z: Zod, { text, size }: Parts) {
  return {
    cpus: z.number().min(0.01).optional().describe("Processors a runner may use, such as 1.5."),
    cpuset: text.optional().describe('Which processors it may use, such as "0-3".'),
    memory: size.optional().describe("Memory a runner may use, such as 4g."),
    memorySwap: size.optional().describe("Memory and swap together. By default the engine's choice, twice the memory."),
    pids: z.int().min(1).optional().describe("Processes and threads a runner may have."),
    shm: size.optional().describe("Size of /dev/shm (browsers want 1g or more). By default 64m."),
    ulimits: z
      .record(text, z.union([z.int(), z.strictObject({ soft: z.int(), hard: z.int() })]))
      .transform((given) =>
        Object.fromEntries(
          Object.entries(given).map(([name, value]) => [
            name,
            typeof value === "number" ? { soft: value, hard: value } : value,
          ]),
        ),
      )
      .default({})
      .describe("Limits such as nofile: 65536, or { soft, hard }."),
    sysctls: z.record(text, z.string()).default({}).describe("Kernel parameters of the container, by name."),
  };
}

/** What a runner finds in its file system. */
export function fileFields(z: Zod, { target, mounts }: Parts) {
  return {
    tmpfs: z
      .record(target, z.string())
      .default({})
      .describe('Folders kept in memory: path and mount options, such as /tmp: "size=2g,exec".'),
    mounts: mounts.describe("Paths and volumes shown in the container."),
    readOnly: z
      .boolean()
      .default(false)
      .describe("Whether the container's root can't be written. A volume of its own then carries the JIT config."),
  };
}

/** What a runner reaches by network. */
export function networkFields(z: Zod, { text }: Parts) {
  return {
    networks: z
      .array(text)
      .default([])
      .describe("Networks to join: host alone, or names of networks. By default the engine's bridge."),
    extraHosts: z
      .array(z.string().regex(/^[^:\s]+:\S+$/, "expected NAME:ADDRESS"))
      .default([])
      .describe("Lines for /etc/hosts, such as host.docker.internal:host-gateway."),
    dns: z.array(text).default([]).describe("Name servers in place of the engine's."),
  };
}

/** What a runner gets of the machine, and how closely it is shut in. */
export function machineFields(z: Zod, { text }: Parts) {
  return {
    devices: z
      .array(z.string().regex(/^\/[^:]*(?::\/[^:]*)?(?::[rwm]+)?$/, "expected /dev/NAME[:/dev/NAME][:rwm]"))
      .default([])
      .describe("Devices of the machine, such as /dev/kvm."),
    gpus: z
      .union([z.literal("all"), z.int().min(1), z.array(text).min(1)])
      .optional()
      .describe("GPUs: all, how many, or their ids. Needs the vendor's container toolkit on the machine."),
    capAdd: z.array(text).default([]).describe("Capabilities added, such as SYS_PTRACE."),
    capDrop: z.array(text).default([]).describe("Capabilities taken away, such as ALL."),
    securityOpt: z.array(text).default([]).describe("Security options, such as no-new-privileges or seccomp=…."),
    privileged: z.boolean().default(false).describe("Gives the container the machine. Never for strangers' code."),
    init: z
      .boolean()
      .optional()
      .describe(
        "Whether a small init is process 1, which passes signals on and collects orphans. By default the engine's choice.",
      ),
    runtime: text
      .optional()
      .describe("Runtime such as runsc (gVisor), sysbox-runc or kata; must be known to the engine."),
    platform: text.optional().describe("Platform of the image, such as linux/arm64."),
  };
}

/** What is kept of a runner, and under which labels. */
export function recordFields(z: Zod, { text }: Parts) {
  return {
    log: z
      .strictObject({
        driver: text.describe("Name of the log driver, such as json-file, local or journald."),
        options: z.record(text, z.string()).default({}).describe("Options of the driver, such as max-size: 10m."),
      })
      .optional()
      .describe("Where the engine keeps what runners print. By default the engine's choice."),
    labels: z
      .record(
        text.refine(
          (name) => !name.startsWith("scaleset."),
          "labels that begin with scaleset. are the provisioner's own",
        ),
        z.string(),
      )
      .default({})
      .describe("Labels added to each container."),
  };
}

/** An engine of the runner's own. */
export function innerEngineFields(z: Zod, { text, size, env, mounts }: Parts) {
  return {
    dockerInDocker: z
      .strictObject({
        image: text.default("docker:dind").describe("Image of the inner engine. The default is the official one."),
        command: z
          .array(z.string())
          .min(1)
          .optional()
          .describe("Arguments in place of those that make it listen on the shared socket."),
        env: env.default({}).describe("Environment variables of the inner engine."),
        cpus: z.number().min(0.01).optional().describe("Processors the inner engine may use."),
        memory: size.optional().describe("Memory the inner engine may use."),
        privileged: z
          .boolean()
          .default(true)
          .describe("The official image needs it; false with a runtime such as sysbox-runc."),
        runtime: text.optional().describe("Runtime of the inner engine's container."),
        mounts: mounts.describe("Paths and volumes shown to the inner engine, such as its daemon.json."),
      })
      .optional()
      .describe(
        "Gives each runner a Docker engine of its own in a container beside it, with a network and volumes of its own: { } for the defaults.",
      ),
  };
}

/** The engine, and what it is asked for besides. */
export function engineFields(z: Zod, { text }: Parts) {
  return {
    prewarm: z
      .int()
      .min(0)
      .max(1_000)
      .default(0)
      .describe(
        "Containers made ahead for each scale set, so that a launch only has to start one. They hold no JIT config.",
      ),
    engine: z
      .strictObject({
        host: z
          .string()
          .regex(
            /^(?:unix:\/\/\/|tcp:\/\/|https?:\/\/)\S+$/,
            "expected unix:///PATH, tcp://HOST:PORT or https://HOST:PORT",
          )
          .optional()
          .describe("Where the engine listens. By default DOCKER_HOST, else unix:///var/run/docker.sock."),
        tls: z
          .strictObject({
            ca: text.optional().describe("File with the certificate authority, PEM."),
            cert: text.describe("File with the client's certificate, PEM."),
            key: text.describe("File with its private key, PEM."),
          })
          .optional()
          .describe("Certificates for a TCP engine. By default those of DOCKER_CERT_PATH if DOCKER_TLS_VERIFY is set."),
      })
      .prefault({})
      .describe("The engine to use."),
    createOptions: z
      .record(z.string(), z.unknown())
      .default({})
      .describe(
        "Anything else of the engine's API for creating a container (its own names, such as HostConfig: { OomScoreAdj: 500 }), merged over what the other options give.",
      )
      .superRefine((raw, context) => {
        for (const [path, message] of refusedRaw(raw)) context.addIssue({ code: "custom", path, message });
      }),
  };
}

/** What the provisioner itself decides, since the rest depends on it. */
function* refusedRaw(raw: Readonly<Record<string, unknown>>): Generator<[path: string[], message: string]> {
  const host = isRecord(raw["HostConfig"]) ? raw["HostConfig"] : {};
  if (raw["Tty"] === true) yield [["Tty"], "a terminal mixes up the output that logs are read from"];
  if (raw["name"] !== undefined) yield [["name"], "each container has its runner's name"];
  if (host["AutoRemove"] === true)
    yield [["HostConfig", "AutoRemove"], "an ended runner must stay until its registration is gone"];
  const policy = isRecord(host["RestartPolicy"]) ? host["RestartPolicy"]["Name"] : undefined;
  if (policy !== undefined && policy !== "" && policy !== "no")
    yield [["HostConfig", "RestartPolicy"], "a runner runs once: it must not be restarted"];
  const labels = isRecord(raw["Labels"]) ? raw["Labels"] : {};
  for (const name of Object.keys(labels))
    if (name.startsWith("scaleset."))
      yield [["Labels", name], "labels that begin with scaleset. are the provisioner's own"];
}
