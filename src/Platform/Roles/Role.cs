namespace Events.Platform.Roles;

/// <summary>What a process of the binary does.</summary>
public enum Role
{
    /// <summary>The supervisor: starts one process of each role and the private database.</summary>
    All,

    /// <summary>Pages, API, PostgreSQL.</summary>
    Platform,

    /// <summary>The SFU and its signalling.</summary>
    Media,

    /// <summary>Recording and composing.</summary>
    Mixer,

    /// <summary>The synthetic speakers of <c>--demo</c>; started by the supervisor only.</summary>
    Demo,
}
