export { Api, ApiError } from './api';
export { EventAccess } from './eventToken';
export type * from './contract';
