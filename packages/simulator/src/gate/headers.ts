import { Refusal } from "../service/refusal.js";

/** Every call of the Actions service names its version, in the query or in `Accept`. */
export function requireApiVersion(url: URL, headers: Headers): void {
  const inQuery = url.searchParams.get("api-version");
  const inAccept = /api-version=([^;,\s]+)/.exec(headers.get("accept") ?? "")?.[1];
  const version = inQuery ?? inAccept;
  if (!version) {
    throw new Refusal(
      "VersionNotSpecifiedException",
      "No api-version was supplied, neither as a query parameter nor in the Accept header.",
    );
  }
  if (!/^\d+\.\d+(-preview(\.\d+)?)?$/.test(version)) {
    throw new Refusal("ArgumentException", `The api-version ${version} is not supported.`);
  }
}

/** A body is JSON, and says so. */
export function requireJson(headers: Headers): void {
  const type = (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type === "application/json" || /^application\/vnd\.github[\w.]*\+json$/.test(type ?? "")) return;
  throw new Refusal("UnsupportedMediaTypeException", "The body must be application/json.");
}

/** GitHub turns away whoever does not say who they are. */
export function requireUserAgent(headers: Headers): void {
  if (headers.get("user-agent")?.trim()) return;
  throw new Refusal("ForbiddenException", "Requests without a User-Agent header are refused.");
}

/** The capacity a poll announces; without the header there is no limit. */
export function announcedCapacity(headers: Headers): number {
  const value = headers.get("x-scalesetmaxcapacity");
  if (value === null) return Number.POSITIVE_INFINITY;
  if (!/^\d{1,9}$/.test(value))
    throw new Refusal("ArgumentException", "X-ScaleSetMaxCapacity must be a number from 0.");
  return Number(value);
}
