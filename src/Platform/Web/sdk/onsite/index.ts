export { Door } from './door';
export type { DoorState, Shade, Verdict } from './door';
export { ScanStore } from './store';
export type { KeptScan } from './store';
export { find } from './decide';
export type * from './contract';
