import type { RunnerRow } from "../service/state.js";
import { paths } from "../wire/endpoints.js";
import type { RsaPrivateJwk } from "./rsa-private-jwk.js";
import { rsaParameters } from "./runner-keys.js";

/**
 * What a runner needs to come online, as the official one reads it (runner-protocol.md §1). Its peculiar strings in
 * place of numbers and booleans are what two different runners both accept. `ServerUrl` equals `ServerUrlV2`, which
 * spares the official runner its connection data, and both end in a slash, without which it would lose a segment.
 */
export function jitConfig(options: {
  readonly runner: RunnerRow;
  readonly origin: string;
  readonly workFolder: string | undefined;
  readonly key: RsaPrivateJwk;
}): string {
  const { runner, origin, workFolder, key } = options;
  const broker = `${origin}${paths.broker}`;
  return encode({
    ".runner": encode({
      AgentId: String(runner.id),
      AgentName: runner.name,
      PoolId: "1",
      PoolName: "Default",
      ServerUrl: broker,
      ServerUrlV2: broker,
      UseV2Flow: "true",
      GitHubUrl: "",
      WorkFolder: workFolder || "_work",
      Ephemeral: "True",
      DisableUpdate: "True",
      ...(runner.behaviour === undefined ? {} : { SimulatedBehaviour: runner.behaviour }),
    }),
    ".credentials": encode({
      Scheme: "OAuth",
      Data: {
        ClientId: runner.clientId,
        AuthorizationUrl: `${origin}${paths.token}`,
        RequireFipsCryptography: "False",
      },
    }),
    ".credentials_rsaparams": encode(rsaParameters(key)),
  });
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}
