export { Api, ApiError } from './api';
export type { ApiRequest } from './api';
export { EventAccess } from './eventToken';
export type * from './contract';
export type * from './schedule';
export type * from './stats';
export type * from './tickets';
export type * from './organise';
export type * from './sso';
