/** A retention that was checked. */
export interface BoundSnapshotRetention {
  readonly kind: 'count' | 'age';
  /** As CloudFormation writes it. */
  readonly rule: { readonly count?: number; readonly interval?: number; readonly intervalUnit?: string };
  /** By age: about as many days. */
  readonly days?: number;
}
