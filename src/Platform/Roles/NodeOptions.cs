using System.Net;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Payments.Stripe;
using Events.Rtc.Signalling;

namespace Events.Platform.Roles;

/// <summary>How a process runs: the command line and the <c>EVENTS_*</c> environment, read and validated once at start.</summary>
public sealed record NodeOptions
{
    /// <summary>What this process does.</summary>
    public Role Role { get; init; } = Role.All;

    /// <summary>Keep two synthetic speakers publishing into the demo session.</summary>
    public bool Demo { get; init; }

    /// <summary>Only rotate these keys, and end (<c>--rotate-keys events|analytics|grants|tickets|node|playback|orders|cookies|all</c>); null: run.</summary>
    public string? RotateKeys { get; init; }

    /// <summary>With <see cref="RotateKeys"/>: what the old keys signed is refused from now on (<c>--at-once</c>).</summary>
    public bool AtOnce { get; init; }

    /// <summary>Serve with a locally made certificate; a phone on the network needs it for its camera.</summary>
    public bool Https { get; init; }

    /// <summary>Pages and API (<c>EVENTS_HTTP_PORT</c>).</summary>
    public int HttpPort { get; init; } = 8080;

    /// <summary>WHIP, WHEP and the hub of the media role (<c>EVENTS_MEDIA_HTTP_PORT</c>).</summary>
    public int MediaHttpPort { get; init; } = 8090;

    /// <summary>Node API of the mixer role (<c>EVENTS_MIXER_HTTP_PORT</c>).</summary>
    public int MixerHttpPort { get; init; } = 8091;

    /// <summary>First UDP and TCP port of media; worker i uses the port + i (<c>EVENTS_RTC_PORT</c>).</summary>
    public int RtcPort { get; init; } = 7882;

    /// <summary>Media threads (<c>EVENTS_RTC_WORKERS</c>); default one per core.</summary>
    public int RtcWorkers { get; init; } = Environment.ProcessorCount;

    /// <summary>From so many participants of one media thread on, who comes to its rooms may receive on another (<c>EVENTS_RTC_SPREAD_FROM</c>).</summary>
    public int RtcSpreadFrom { get; init; } = 200;

    /// <summary>Candidate addresses in SDP (<c>EVENTS_RTC_ADVERTISE</c>, comma separated); empty: those of the bind address.</summary>
    public IReadOnlyList<IPAddress> RtcAdvertise { get; init; } = [];

    /// <summary>TURN servers for clients (<c>EVENTS_TURN_URLS</c>, comma separated) and the secret shared with them (<c>EVENTS_TURN_SECRET</c>); null: none.</summary>
    public TurnOptions? Turn { get; init; }

    /// <summary>Everything this installation keeps (<c>EVENTS_DATA_DIR</c>), as a full path.</summary>
    public string DataDirectory { get; init; } = Path.GetFullPath(".data");

    /// <summary>Megabytes of the data directory's disk that recordings leave free, and composites twice (<c>EVENTS_DISK_RESERVE_MB</c>); 0: none.</summary>
    public int DiskReserveMegabytes { get; init; } = 1024;

    /// <summary>WHIP and WHEP without a token (<c>EVENTS_OPEN_WHIP=1</c>); only in Development on loopback.</summary>
    public bool OpenWhip { get; init; }

    /// <summary>Address that HTTP and media bind to (<c>EVENTS_BIND</c>).</summary>
    public IPAddress Bind { get; init; } = IPAddress.Loopback;

    /// <summary>Connection string of an external database (<c>EVENTS_DATABASE</c>); null: the private cluster.</summary>
    public string? Database { get; init; }

    /// <summary>Web origins besides our own that may use hub and WHIP (<c>EVENTS_ORIGINS</c>, comma separated).</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Reverse proxies whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed (<c>EVENTS_PROXIES</c>, addresses and networks, comma separated).
    /// Without them everybody behind a proxy is one address to the limits; with a network too wide, callers choose theirs.</summary>
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    /// <summary>Development, Production, … (<c>ASPNETCORE_ENVIRONMENT</c>); stamped into the database.</summary>
    public string EnvironmentName { get; init; } = "Production";

    /// <summary>The demo organiser's password (<c>EVENTS_DEMO_PASSWORD</c>); null: a random one kept in the data directory.</summary>
    public string? DemoPassword { get; init; }

    /// <summary>The address that people reach the pages under, for links in mails (<c>EVENTS_PUBLIC_URL</c>); null: this machine's own. Never a request's Host.</summary>
    public Uri? PublicAddress { get; init; }

    /// <summary>The mail server (<c>EVENTS_SMTP=smtp(s)://user:password@host:port</c>); null: mails go into a folder.</summary>
    public SmtpServer? Smtp { get; init; }

    /// <summary>Sender of all mails (<c>EVENTS_MAIL_FROM</c>).</summary>
    public string MailFrom { get; init; } = "no-reply@localhost";

    /// <summary>
    /// Sign-ins, and mails with links, that one network address may ask for in a minute (<c>EVENTS_ATTEMPTS_PER_ADDRESS</c>). A hall
    /// behind one address signs in together; guessing needs thousands. Raised too far, guessing from one place gets cheap.
    /// </summary>
    public int AttemptsPerAddress { get; init; } = 60;

    /// <summary>Calls that one token of the external API may make in a minute, on one platform process (<c>EVENTS_EXTERNAL_PER_MINUTE</c>).</summary>
    public int ExternalPerMinute { get; init; } = 600;

    /// <summary>Addresses whose owners are the operator's staff (<c>EVENTS_STAFF</c>, comma separated); they sign in by link.</summary>
    public IReadOnlyList<string> Staff { get; init; } = [];

    /// <summary>Stripe, which then takes the payments (<c>EVENTS_STRIPE_…</c>); null: in Development the built-in test provider, else nothing is sold for money.</summary>
    public StripeSettings? Stripe { get; init; }

    /// <summary>A supervisor holds the other end of stdin: its end means stop.</summary>
    public bool Supervised { get; init; }

    public bool IsDevelopment => EnvironmentName == "Development";

    public bool IsWildcard => Bind.Equals(IPAddress.Any) || Bind.Equals(IPAddress.IPv6Any);

    public string Scheme => Https ? "https" : "http";

    /// <summary>The host part under which this machine reaches its own roles.</summary>
    public string LocalHost => IPAddress.IsLoopback(Bind) || IsWildcard
        ? (Bind.Equals(IPAddress.IPv6Loopback) ? "[::1]" : "127.0.0.1")
        : Bind.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{Bind}]" : Bind.ToString();

    public Uri PlatformUrl => new($"{Scheme}://{LocalHost}:{HttpPort}");

    public Uri PublicUrl => PublicAddress ?? PlatformUrl;

    public Uri MediaUrl => new($"{Scheme}://{LocalHost}:{MediaHttpPort}");

    public Uri MixerUrl => new($"{Scheme}://{LocalHost}:{MixerHttpPort}");

    public string KeysDirectory => Path.Combine(DataDirectory, "keys");

    public string RunDirectory => Path.Combine(DataDirectory, "run");

    public string RelaySocket => Path.Combine(RunDirectory, "relay.sock");

    public string BlobsDirectory => Path.Combine(DataDirectory, "blobs");

    /// <summary>Mails as <c>.eml</c> files, when there is no <see cref="Smtp"/>.</summary>
    public string MailDirectory => Path.Combine(DataDirectory, "mail");

    /// <summary>HTTP port of a role.</summary>
    public int PortOf(Role role) => role switch
    {
        Role.Media => MediaHttpPort,
        Role.Mixer => MixerHttpPort,
        _ => HttpPort,
    };
}
