import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIP } from "node:net";
import { bits, boolean, identifier, integer, octets, sequence, tagged, text, time } from "./der.js";

/** A certificate for some hosts, and the authority that made it, as PEM. */
export interface MadeCertificate {
  /** What a client must trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const dayMs = 86_400_000;
const ecdsaWithSha256 = sequence(identifier("1.2.840.10045.4.3.2"));

/**
 * Makes an authority and a certificate of it, for 30 days. The authority's key is thrown away: nobody can make another
 * certificate for whoever trusts it. Loopback is always among the hosts.
 */
export function makeCertificate({
  hosts,
  nowMs,
}: {
  readonly hosts: readonly string[];
  readonly nowMs: number;
}): MadeCertificate {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authorityName = nameOf("scaleset simulator authority");
  const common = { issuer: authorityName, signer: authority.privateKey, nowMs };
  const ca = certificate({
    ...common,
    subject: authorityName,
    publicKey: authority.publicKey,
    extensions: [
      extension("2.5.29.19", sequence(boolean(true)), true),
      // May sign certificates, and nothing else.
      extension("2.5.29.15", bits(Buffer.from([0x04]), 2), true),
    ],
  });
  const cert = certificate({
    ...common,
    subject: nameOf("scaleset simulator"),
    publicKey: own.publicKey,
    extensions: [
      extension("2.5.29.17", sequence(...namesOf(["localhost", "127.0.0.1", "::1", ...hosts]))),
      extension("2.5.29.37", sequence(identifier("1.3.6.1.5.5.7.3.1"))),
    ],
  });
  return { ca, cert: cert + ca, key: own.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function certificate(options: {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly nowMs: number;
  readonly extensions: readonly Buffer[];
}): string {
  const { subject, issuer, publicKey, signer, nowMs, extensions } = options;
  const version3 = tagged(0xa0, integer(Buffer.from([2])));
  const validity = sequence(time(nowMs - dayMs), time(nowMs + 30 * dayMs));
  const key = publicKey.export({ type: "spki", format: "der" });
  // Another key, another number: no two certificates have the same.
  const serial = Buffer.concat([Buffer.from([1]), createHash("sha256").update(key).digest().subarray(0, 15)]);
  const signed = sequence(
    version3,
    integer(serial),
    ecdsaWithSha256,
    issuer,
    validity,
    subject,
    key,
    tagged(0xa3, sequence(...extensions)),
  );
  const der = sequence(signed, ecdsaWithSha256, bits(sign("sha256", signed, signer)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function nameOf(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(identifier("2.5.4.3"), text(commonName))));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(identifier(id), ...(critical ? [boolean(true)] : []), octets(value));
}

function namesOf(hosts: readonly string[]): Buffer[] {
  return [...new Set(hosts)].map((host) =>
    isIP(host) === 0 ? tagged(0x82, Buffer.from(host)) : tagged(0x87, bytesOf(host)),
  );
}

/** The 4 or 16 bytes of an address. */
function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const words = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const missing = tail === undefined ? 0 : 8 - words(head).length - words(tail).length;
  const all = [...words(head), ...Array.from({ length: missing }, () => "0"), ...words(tail ?? "")];
  return Buffer.from(all.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 0xff]));
}
