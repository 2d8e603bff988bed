import { BackendError } from "@scaleset/provisioner";
import type { Owner } from "./jit-archive.js";

/** A container's `user` as numbers, or undefined where its /etc/passwd must tell. */
export function numericUser(user: string): Owner | undefined {
  if (user === "") return { uid: 0, gid: 0 };
  const [name = "", group] = user.split(":");
  if (!/^\d+$/.test(name)) return undefined;
  return { uid: Number(name), gid: group !== undefined && /^\d+$/.test(group) ? Number(group) : 0 };
}

/** @throws {BackendError} `rejected` for a user that the image does not have */
export function userIn(passwd: string, user: string): Owner {
  const [name = ""] = user.split(":");
  const line = passwd.split("\n").find((each) => each.startsWith(`${name}:`));
  const [, , uid = "", gid = ""] = line?.split(":") ?? [];
  if (!/^\d+$/.test(uid)) {
    throw new BackendError("rejected", `the image has no user "${name}": see provisioner.docker.user`);
  }
  return { uid: Number(uid), gid: Number(gid) || 0 };
}
