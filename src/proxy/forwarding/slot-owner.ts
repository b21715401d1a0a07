/** Under whose name a request holds a slot of its upstream. */
import { limitedAddress } from '../../base/address.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { SlotOwner } from '../../upstream/fair-slots.ts';
import type { ForwardOptions } from './forward-options.ts';

/** A caller without credentials is one with all others of its address. */
export function slotOwner({ clientIp }: RequestContext, { caller }: Pick<ForwardOptions, 'caller'>): SlotOwner {
  const address = limitedAddress(clientIp);
  return { caller: caller ?? address, address };
}
