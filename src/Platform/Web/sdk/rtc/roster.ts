import type { HubMessages, RtcParticipant, RtcTrack } from './contract';

export interface RosterChange {
  joined: RtcParticipant[];
  left: RtcParticipant[];
}

const nothing: RosterChange = { joined: [], left: [] };

/** Who is in the room and what they publish. Every change makes new objects, so that views compare by identity. */
export class Roster {
  private people = new Map<string, RtcParticipant>();

  get participants(): RtcParticipant[] {
    return [...this.people.values()];
  }

  get(participantId: string): RtcParticipant | undefined {
    return this.people.get(participantId);
  }

  owner(trackId: string): { participant: RtcParticipant; track: RtcTrack } | undefined {
    for (const participant of this.people.values()) {
      const track = participant.tracks.find((candidate) => candidate.trackId === trackId);
      if (track) return { participant, track };
    }
    return undefined;
  }

  /** Takes a snapshot (join or resume) and tells what it changed. */
  replace(participants: RtcParticipant[]): RosterChange {
    const before = this.people;
    this.people = new Map(participants.map((participant) => [participant.participantId, participant]));
    return {
      joined: participants.filter((participant) => !before.has(participant.participantId)),
      left: [...before.values()].filter((participant) => !this.people.has(participant.participantId)),
    };
  }

  joined(participant: RtcParticipant): RosterChange {
    const known = this.people.has(participant.participantId);
    this.people.set(participant.participantId, participant);
    return known ? nothing : { joined: [participant], left: [] };
  }

  left({ participantId }: HubMessages['participantLeft']): RosterChange {
    const participant = this.people.get(participantId);
    if (!participant) return nothing;
    this.people.delete(participantId);
    return { joined: [], left: [participant] };
  }

  reconnecting({ participantId }: HubMessages['participantReconnecting'], reconnecting: boolean): void {
    const participant = this.people.get(participantId);
    if (participant) this.people.set(participantId, { ...participant, reconnecting });
  }

  published({ participantId, track }: HubMessages['trackPublished']): void {
    this.edit(participantId, (tracks) => [...tracks.filter(({ trackId }) => trackId !== track.trackId), track]);
  }

  unpublished({ participantId, trackId }: HubMessages['trackUnpublished']): void {
    this.edit(participantId, (tracks) => tracks.filter((track) => track.trackId !== trackId));
  }

  muted({ participantId, trackId, muted, silenced }: HubMessages['trackMuted']): void {
    this.edit(participantId, (tracks) =>
      tracks.map((track) => (track.trackId === trackId ? { ...track, muted, silenced } : track)),
    );
  }

  hand({ participantId, hand }: HubMessages['handRaised']): void {
    const participant = this.people.get(participantId);
    if (participant) this.people.set(participantId, { ...participant, hand });
  }

  rights({ participantId, canPublish, moderates }: HubMessages['rightsChanged']): void {
    const participant = this.people.get(participantId);
    if (participant) this.people.set(participantId, { ...participant, canPublish, moderates });
  }

  private edit(participantId: string, change: (tracks: RtcTrack[]) => RtcTrack[]): void {
    const participant = this.people.get(participantId);
    if (participant) this.people.set(participantId, { ...participant, tracks: change(participant.tracks) });
  }
}
