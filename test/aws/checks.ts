import type { Check } from './check';
import { DATABASE_CHECKS } from './checks-databases';
import { PLATFORM_CHECKS } from './checks-platform';
import { PRODUCT_CHECKS } from './checks-product';

/** The whole list, in the order in which it is answered. */
export const CHECKS: readonly Check[] = [...PRODUCT_CHECKS, ...PLATFORM_CHECKS, ...DATABASE_CHECKS];
