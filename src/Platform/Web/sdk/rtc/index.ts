export { AudioRenderer } from './audioRenderer';
export { RtcError, HubLost } from './contract';
export type { RtcParticipant, RtcTrack, TrackKind, TrackSource, You } from './contract';
export { LocalTrack, type PublishOptions } from './localTrack';
export type { Quality } from './quality';
export { RtcSession, type ConnectionState, type RtcSessionEvents, type RtcSessionOptions } from './session';
export { DeviceError, listDevices, openCamera, openMicrophone, openScreen, type DeviceList } from './devices';
export { LevelMeter } from './levelMeter';
