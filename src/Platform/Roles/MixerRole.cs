using Events.Mixer;
using Events.Platform.Composition;
using Events.Rtc.Signalling;
using Events.Rtc.Signalling.Journal;
using Events.Rtc.Signalling.Tokens;

namespace Events.Platform.Roles;

/// <summary>Records rooms and composes recordings. Knows no database.</summary>
public static class MixerRole
{
    /// <summary>This node's name in the journal and at the platform.</summary>
    public const string NodeName = "mixer";

    public static WebApplication Build(NodeOptions options)
    {
        var keys = NodeKeys.LoadOrCreate(options.DataDirectory);
        var builder = RoleHost.CreateBuilder(options, Role.Mixer);
        builder.Services.AddSingleton(keys);
        builder.Services.AddProblems();
        builder.Services.AddEventJournal(new JournalOptions
        {
            Directory = Path.Combine(options.DataDirectory, "journal", NodeName),
            NodeName = NodeName,
            NodeKey = keys.NodeKey,
            PlatformUrl = options.PlatformUrl,
            PlatformHandler = () => LocalCertificate.CreateHandler(options),
        });
        builder.Services.AddSingleton<IMixerEvents, JournalMixerEvents>();
        builder.Services.AddMixer(new MixerOptions
        {
            DataDirectory = options.DataDirectory,
            NodeKey = () => keys.NodeKey.Current,
            DiskReserve = options.DiskReserveMegabytes * 1024L * 1024,
        });
        var app = builder.Build();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.MapHealth();
        app.MapMixerNode();
        return app;
    }

    /// <summary>What the mixer says goes into the node's journal, which carries it to the platform.</summary>
    private sealed class JournalMixerEvents(EventJournal journal) : IMixerEvents
    {
        public void Record(string type, object data) => journal.Record(type, data);
    }
}
