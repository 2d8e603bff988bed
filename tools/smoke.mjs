// A user of the packed client, on any runtime: `smoke.mjs CONFIG_URL TOKEN`. Run by test-runtimes.mjs.
import { isScaleSetError, personalAccessToken, ScaleSetClient, VERSION } from "@scaleset/client";

const [configUrl, token] = process.argv.slice(2);
const must = (holds, what) => {
  if (!holds) throw new Error(`not so: ${what}`);
};
const credentials = personalAccessToken(token);
const client = new ScaleSetClient({ configUrl, credentials });
const group = await client.getRunnerGroupByName("default");
const name = `smoke-${VERSION}-${Math.floor(performance.timeOrigin)}`;
const set = await client.ensureRunnerScaleSet({ name, runnerGroupId: group.id });
must(set.outcome === "created", "the scale set was made");
const session = await client.openMessageSession(set.id, { owner: "smoke" });
const conflict = await client.openMessageSession(set.id, { owner: "other" }).catch((error) => error);
must(isScaleSetError(conflict, "SESSION_CONFLICT"), "a second session is a conflict");
await fetch(`${new URL(configUrl).origin}/_simulator/jobs`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ scaleSet: name }),
});
const signal = AbortSignal.timeout(10_000);
for await (const message of session.messages({ maxCapacity: 2, signal })) {
  must(message.statistics?.totalAssignedJobs === 1, "one job is assigned");
  await session.acknowledge(message.messageId);
  break;
}
const { encodedJitConfig, runner } = await client.generateJitRunnerConfig(set.id, { name: `${name}-1` });
must(!`${encodedJitConfig}`.includes(encodedJitConfig.reveal()), "a JIT config does not print");
await client.removeRunner(runner.id);
await session.close();
await client.deleteRunnerScaleSet(set.id);
await client.close();

const runtime = process.versions.bun ? "Bun" : "Deno" in globalThis ? "Deno" : "Node";
if (runtime !== "Node") {
  for (const network of [{ proxy: "http://127.0.0.1:1" }, { ca: "-----BEGIN CERTIFICATE-----" }]) {
    let refused;
    try {
      new ScaleSetClient({ configUrl, credentials, network });
    } catch (error) {
      refused = error;
    }
    must(isScaleSetError(refused, "CONFIG"), `${Object.keys(network)} is refused on ${runtime}`);
  }
}
console.log(`smoke: fine on ${runtime} ${process.versions.bun ?? process.versions.node}`);
