/** A checked retention. */
export interface BoundSnapshotRetention {
  readonly kind: 'count' | 'age';
  /** The rule in CloudFormation's form. */
  readonly rule: { readonly count?: number; readonly interval?: number; readonly intervalUnit?: string };
  /** Approximate days, for a retention by age. */
  readonly days?: number;
}
