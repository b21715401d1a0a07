/** Limits the client connections of one address at the public port. */
import type { Socket } from 'node:net';
import { createAddressMatcher, limitedAddress, normalizeAddress } from '../../base/address.ts';
import type { Config } from '../../config/schema/schema.ts';
import { FairSlots } from '../../upstream/fair-slots.ts';

/** Creates the check of a new connection, which returns whether it may stay open. */
export function createConnectionLimit({
  limits,
  trustedProxies,
}: Pick<Config, 'limits' | 'trustedProxies'>): (socket: Socket) => boolean {
  const share = limits.addressShare;
  const slots = new FairSlots(limits.connections, { caller: share, address: share });
  const isTrusted = createAddressMatcher(trustedProxies);

  /** The connections of a trusted proxy belong to many clients, so each counts on its own. */
  function ownerOf({ remoteAddress = '', remotePort }: Socket): string {
    const address = normalizeAddress(remoteAddress) ?? remoteAddress;
    return isTrusted(address) ? `${address} ${remotePort}` : limitedAddress(address);
  }

  return function mayConnect(socket) {
    const name = ownerOf(socket);
    const owner = { caller: name, address: name };
    if (!slots.tryTake(owner)) return false;
    socket.once('close', () => slots.give(owner));
    return true;
  };
}
