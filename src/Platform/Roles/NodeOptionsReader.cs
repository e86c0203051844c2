using System.Globalization;
using System.Net;
using Events.Platform.Features.Mail;
using Events.Platform.Features.Payments.Stripe;

namespace Events.Platform.Roles;

/// <summary>Reads <see cref="NodeOptions"/>; every mistake is one sentence that names the setting and what it takes.</summary>
public static class NodeOptionsReader
{
    // sockaddr_un.sun_path holds 108 bytes with its terminator (unix(7)).
    private const int MaxSocketPath = 107;

    /// <summary>The options, or the mistakes found.</summary>
    /// <param name="arguments">Command line without the program.</param>
    /// <param name="environment">Looks a variable up; null when unset.</param>
    public static (NodeOptions? Options, IReadOnlyList<string> Errors) Read(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        var reading = new Reading(environment);
        var options = new NodeOptions
        {
            HttpPort = reading.Port("EVENTS_HTTP_PORT", 8080),
            MediaHttpPort = reading.Port("EVENTS_MEDIA_HTTP_PORT", 8090),
            MixerHttpPort = reading.Port("EVENTS_MIXER_HTTP_PORT", 8091),
            RtcPort = reading.Port("EVENTS_RTC_PORT", 7882),
            RtcWorkers = reading.Number("EVENTS_RTC_WORKERS", Environment.ProcessorCount, 1, 256),
            RtcSpreadFrom = reading.Number("EVENTS_RTC_SPREAD_FROM", 200, 0, 1_000_000),
            RtcAdvertise = reading.Addresses("EVENTS_RTC_ADVERTISE"),
            DataDirectory = Path.GetFullPath(reading.Text("EVENTS_DATA_DIR") ?? ".data"),
            DiskReserveMegabytes = reading.Number("EVENTS_DISK_RESERVE_MB", 1024, 0, 100_000_000),
            OpenWhip = reading.Flag("EVENTS_OPEN_WHIP"),
            Bind = reading.Address("EVENTS_BIND", IPAddress.Loopback),
            Database = reading.Text("EVENTS_DATABASE"),
            Origins = reading.Origins("EVENTS_ORIGINS"),
            Proxies = reading.Networks("EVENTS_PROXIES"),
            EnvironmentName = reading.Text("ASPNETCORE_ENVIRONMENT") ?? reading.Text("DOTNET_ENVIRONMENT") ?? "Production",
            DemoPassword = reading.Text("EVENTS_DEMO_PASSWORD"),
            PublicAddress = reading.WebAddress("EVENTS_PUBLIC_URL"),
            Smtp = reading.MailServer("EVENTS_SMTP"),
            MailFrom = reading.MailAddress("EVENTS_MAIL_FROM", "no-reply@localhost"),
            AttemptsPerAddress = reading.Number("EVENTS_ATTEMPTS_PER_ADDRESS", 60, 1, 1_000_000),
            ExternalPerMinute = reading.Number("EVENTS_EXTERNAL_PER_MINUTE", 600, 1, 1_000_000),
            Staff = reading.MailAddressList("EVENTS_STAFF"),
            Supervised = reading.Flag("EVENTS_SUPERVISED"),
        };
        var (stripe, stripeErrors) = StripeSettings.Read(reading.Text("EVENTS_STRIPE_SECRET_KEY"), reading.Text("EVENTS_STRIPE_WEBHOOK_SECRETS"), reading.Text("EVENTS_STRIPE_API"), options.EnvironmentName);
        reading.Errors.AddRange(stripeErrors);
        var (turn, turnErrors) = TurnSettings.Read(reading.Text("EVENTS_TURN_URLS"), reading.Text("EVENTS_TURN_SECRET"));
        reading.Errors.AddRange(turnErrors);
        options = ReadArguments(arguments, options with { Stripe = stripe, Turn = turn }, reading.Errors);
        Validate(options, reading.Errors);
        return reading.Errors.Count == 0 ? (options, []) : (null, reading.Errors);
    }

    private static NodeOptions ReadArguments(IReadOnlyList<string> arguments, NodeOptions options, List<string> errors)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            switch (arguments[i])
            {
                case "--demo":
                    options = options with { Demo = true };
                    break;
                case "--https":
                    options = options with { Https = true };
                    break;
                case "--rotate-keys" when i + 1 < arguments.Count && (arguments[i + 1] == KeyRotation.All || KeyRotation.Names.Contains(arguments[i + 1])):
                    options = options with { RotateKeys = arguments[++i] };
                    break;
                case "--rotate-keys":
                    errors.Add($"--rotate-keys takes one of {string.Join(", ", KeyRotation.Names)}, {KeyRotation.All}.");
                    return options;
                case "--at-once":
                    options = options with { AtOnce = true };
                    break;
                case "--role" when i + 1 < arguments.Count && Enum.TryParse<Role>(arguments[i + 1], ignoreCase: true, out var role) && Enum.IsDefined(role) && !char.IsDigit(arguments[i + 1][0]):
                    options = options with { Role = role };
                    i++;
                    break;
                case "--role":
                    errors.Add("--role takes one of all, platform, media, mixer.");
                    return options;
                default:
                    errors.Add($"Unknown argument '{arguments[i]}'. Known: --role all|platform|media|mixer, --demo, --https, --rotate-keys NAME, --at-once.");
                    return options;
            }
        }

        return options;
    }

    private static void Validate(NodeOptions options, List<string> errors)
    {
        if (options.AtOnce && options.RotateKeys is null)
        {
            errors.Add("--at-once goes with --rotate-keys.");
        }

        if (options.OpenWhip && !(options.IsDevelopment && IPAddress.IsLoopback(options.Bind)))
        {
            errors.Add("EVENTS_OPEN_WHIP=1 lets anyone publish; it is allowed only with ASPNETCORE_ENVIRONMENT=Development and EVENTS_BIND on loopback.");
        }

        int[] http = [options.HttpPort, options.MediaHttpPort, options.MixerHttpPort];
        if (http.Distinct().Count() != http.Length)
        {
            errors.Add("EVENTS_HTTP_PORT, EVENTS_MEDIA_HTTP_PORT and EVENTS_MIXER_HTTP_PORT must differ.");
        }

        if (options.RtcPort + options.RtcWorkers - 1 > ushort.MaxValue)
        {
            errors.Add($"EVENTS_RTC_PORT {options.RtcPort} leaves no room for {options.RtcWorkers} workers below 65536.");
        }
        else if (http.FirstOrDefault(p => p >= options.RtcPort && p < options.RtcPort + options.RtcWorkers) is var clash and not 0)
        {
            errors.Add($"Port {clash} is both an HTTP port and one of the media ports {options.RtcPort} to {options.RtcPort + options.RtcWorkers - 1}.");
        }

        if (options.RelaySocket.Length > MaxSocketPath)
        {
            errors.Add($"EVENTS_DATA_DIR '{options.DataDirectory}' is too long for a unix socket in it; choose a path below {MaxSocketPath - "/run/relay.sock".Length} characters.");
        }
    }

    private sealed class Reading(Func<string, string?> environment)
    {
        public List<string> Errors { get; } = [];

        public string? Text(string name) => environment(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;

        public int Port(string name, int fallback) => Number(name, fallback, 1, ushort.MaxValue);

        public int Number(string name, int fallback, int least, int most)
        {
            if (Text(name) is not { } text)
            {
                return fallback;
            }

            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
            {
                return value;
            }

            Errors.Add($"{name}='{text}' is not a number from {least} to {most}.");
            return fallback;
        }

        public bool Flag(string name)
        {
            switch (Text(name))
            {
                case null or "0" or "false":
                    return false;
                case "1" or "true":
                    return true;
                case var text:
                    Errors.Add($"{name}='{text}' takes 1 or 0.");
                    return false;
            }
        }

        public IPAddress Address(string name, IPAddress fallback)
        {
            switch (Text(name))
            {
                case null:
                    return fallback;
                case "localhost":
                    return IPAddress.Loopback;
                case "*":
                    return IPAddress.Any;
                case var text when IPAddress.TryParse(text, out var address):
                    return address;
                case var text:
                    Errors.Add($"{name}='{text}' is not an IP address.");
                    return fallback;
            }
        }

        public List<IPAddress> Addresses(string name)
        {
            var addresses = new List<IPAddress>();
            foreach (var part in Parts(name))
            {
                if (IPAddress.TryParse(part, out var address))
                {
                    addresses.Add(address);
                }
                else
                {
                    Errors.Add($"{name}: '{part}' is not an IP address.");
                }
            }

            return addresses;
        }

        public List<IPNetwork> Networks(string name)
        {
            var networks = new List<IPNetwork>();
            foreach (var part in Parts(name))
            {
                if (IPNetwork.TryParse(part, out var network))
                {
                    networks.Add(network);
                }
                else if (IPAddress.TryParse(part, out var address))
                {
                    networks.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
                }
                else
                {
                    Errors.Add($"{name}: '{part}' is neither an IP address nor a network like 10.0.0.0/8.");
                }
            }

            return networks;
        }

        public Uri? WebAddress(string name)
        {
            if (Text(name) is not { } text)
            {
                return null;
            }

            if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https") && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0)
            {
                return uri;
            }

            Errors.Add($"{name}='{text}' is not an address like https://events.example.");
            return null;
        }

        public SmtpServer? MailServer(string name)
        {
            if (Text(name) is not { } text)
            {
                return null;
            }

            // The value holds a password: the mistake does not repeat it.
            var server = SmtpServer.Parse(text);
            if (server is null)
            {
                Errors.Add($"{name} is not of the form smtps://user:password@host:port (or smtp://, with STARTTLS).");
            }

            return server;
        }

        public string MailAddress(string name, string fallback)
        {
            if (Text(name) is not { } text || MailAddresses.IsValid(text))
            {
                return Text(name) ?? fallback;
            }

            Errors.Add($"{name}='{text}' is not an e-mail address.");
            return fallback;
        }

        public List<string> MailAddressList(string name)
        {
            var addresses = new List<string>();
            foreach (var part in Parts(name))
            {
                if (MailAddresses.IsValid(part))
                {
                    addresses.Add(part);
                }
                else
                {
                    Errors.Add($"{name}: '{part}' is not an e-mail address.");
                }
            }

            return addresses;
        }

        public List<string> Origins(string name)
        {
            var origins = new List<string>();
            foreach (var part in Parts(name))
            {
                if (Uri.TryCreate(part, UriKind.Absolute, out var uri) && (uri.Scheme is "http" or "https") && uri.AbsolutePath == "/")
                {
                    origins.Add(uri.GetLeftPart(UriPartial.Authority));
                }
                else
                {
                    Errors.Add($"{name}: '{part}' is not an origin like https://events.example.");
                }
            }

            return origins;
        }

        private string[] Parts(string name) =>
            Text(name)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
    }
}
