using System.Globalization;

namespace Events.Benchmarks.Load;

/// <summary>What to load, and how hard.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        Load generator for WHIP/WHEP servers and for Janus' videoroom.

          --url URL          the server: /whip/{room} and /whep/{room} are appended   [http://127.0.0.1:8090]
          --janus URL        instead: Janus' HTTP API, e.g. http://127.0.0.1:8088/janus
          --room NAME        room; further publishers get rooms NAME-2, NAME-3 …      [load]
          --publishers N     rooms, one publisher each                                [1]
          --viewers N        viewers, spread over the rooms                           [10]
          --seconds N        length of the measurement                                [20]
          --bitrate KBIT     video of each publisher                                  [1500]
          --pacing MODE      burst: a frame's packets at once; paced: at 2.5 × rate   [paced]
          --keyframes N      seconds between unasked keyframes                        [10]
          --keyframe-gap MS  asked for, keyframes come at most once in so long        [1000]
          --sound-offset MS  from a frame to the packet of sound after it             [0]
          --joins N          viewers that come each second; 0: sixteen at a time      [0]
          --threads N        receiving threads                                        [1]
          --gro              receive with UDP_GRO
          --no-twcc          do not offer transport-cc (REMB only)
          --cm               AES128_CM_SHA1_80 only
          --loss P           drop this share of received packets
          --churn N          viewers replaced each second
          --bearer TOKEN     for WHIP and WHEP
          --pid PID          a server process to account, with its children; may repeat
          --json FILE        write the report there as well
        """;

    public Uri Url { get; private set; } = new("http://127.0.0.1:8090");
    public Uri? Janus { get; private set; }
    public string Room { get; private set; } = "load";
    public int Publishers { get; private set; } = 1;
    public int Viewers { get; private set; } = 10;
    public int Seconds { get; private set; } = 20;
    public int Kilobits { get; private set; } = 1_500;
    public bool Paced { get; private set; } = true;
    public int KeyframeSeconds { get; private set; } = 10;
    public int KeyframeGapMilliseconds { get; private set; } = 1_000;

    /// <summary>At the start: 30 frames and 50 packets of sound a second meet in each third frame, or miss each other by up to 6.7 ms.</summary>
    public double SoundOffset { get; private set; }
    public double JoinsPerSecond { get; private set; }
    public int Threads { get; private set; } = 1;
    public bool Gro { get; private set; }
    public bool TransportCc { get; private set; } = true;
    public bool CounterMode { get; private set; }
    public double Loss { get; private set; }
    public double Churn { get; private set; }
    public string? Bearer { get; private set; }
    public List<int> Pids { get; } = [];
    public string? Json { get; private set; }

    /// <summary>Null with a message on standard error when the arguments make no sense.</summary>
    public static LoadOptions? Parse(string[] arguments)
    {
        var options = new LoadOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            var name = arguments[i];
            switch (name)
            {
                case "--gro": options.Gro = true; continue;
                case "--no-twcc": options.TransportCc = false; continue;
                case "--cm": options.CounterMode = true; continue;
            }

            if (i + 1 == arguments.Length || !options.TrySet(name, arguments[++i]))
            {
                Console.Error.WriteLine(name is "--help" or "-h" ? Usage : $"{name} is unknown or has no valid value.\n\n{Usage}");
                return null;
            }
        }

        return options;
    }

    public string RoomOf(int index) => index == 0 ? Room : string.Create(CultureInfo.InvariantCulture, $"{Room}-{index + 1}");

    private bool TrySet(string name, string value)
    {
        bool Number(int min, int max, Action<int> set)
        {
            var valid = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max;
            if (valid)
            {
                set(number);
            }

            return valid;
        }

        bool Real(double max, Action<double> set)
        {
            var valid = double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number >= 0 && number <= max;
            if (valid)
            {
                set(number);
            }

            return valid;
        }

        switch (name)
        {
            case "--url": Url = new(value); return true;
            case "--janus": Janus = new(value); return true;
            case "--room": Room = value; return true;
            case "--publishers": return Number(1, 10_000, n => Publishers = n);
            case "--viewers": return Number(0, 100_000, n => Viewers = n);
            case "--seconds": return Number(1, 86_400, n => Seconds = n);
            case "--bitrate": return Number(50, 100_000, n => Kilobits = n);
            case "--pacing": Paced = value == "paced"; return value is "paced" or "burst";
            case "--keyframes": return Number(1, 3_600, n => KeyframeSeconds = n);
            case "--sound-offset": return Real(20, n => SoundOffset = n);
            case "--keyframe-gap": return Number(0, 60_000, n => KeyframeGapMilliseconds = n);
            case "--joins": return Real(10_000, n => JoinsPerSecond = n);
            case "--threads": return Number(1, 64, n => Threads = n);
            case "--loss": return Real(1, n => Loss = n);
            case "--churn": return Real(1_000, n => Churn = n);
            case "--bearer": Bearer = value; return true;
            case "--pid": return Number(1, int.MaxValue, Pids.Add);
            case "--json": Json = value; return true;
            default: return false;
        }
    }
}
