using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using Events.Platform.Features.Mail;
using Events.Platform.Roles;
using Events.Tests.Platform.Features.Tickets;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Mail;

/// <summary>In which order mails leave, as the mail server sees it.</summary>
public sealed class MailOrderTests(MailOrderTests.SlowServerFixture fixture) : IClassFixture<MailOrderTests.SlowServerFixture>
{
    [Fact]
    public async Task A_link_to_sign_in_is_not_behind_what_goes_to_everybody_nor_behind_a_mail_that_hangs()
    {
        var shop = await Shop.OpenAsync(fixture, capacity: 50, visibility: "invited");
        var table = new StringContent(string.Concat(Enumerable.Range(0, 20).Select(i => $"guest-{i}@people.example\n")), Encoding.UTF8, "text/csv");
        using var imported = await shop.Organiser.PostAsync($"/api/v1/events/{shop.EventId}/ticket-types/{shop.TypeId}/invitations/import", table);
        Assert.Equal(HttpStatusCode.OK, imported.StatusCode);
        await Eventually.TrueAsync(() => Task.FromResult(fixture.Asked.Count > 1), "several mails are on their way at once");
        var underWay = fixture.Asked.Count;

        var (_, email) = await fixture.AddUserAsync();
        using var asked = await fixture.Client().PostAsJsonAsync("/api/v1/auth/links", new { email });
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        fixture.Answers.Release();
        await Eventually.TrueAsync(() => Task.FromResult(fixture.Asked.Contains(email)), "the link leaves though another mail hangs");
        Assert.Equal(underWay, fixture.Asked.ToList().IndexOf(email));
        fixture.Answers.Release(100);
    }

    /// <summary>A platform with a mail server that takes a mail whenever the test says so.</summary>
    public sealed class SlowServerFixture : PlatformFixture
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        /// <summary>One for each mail that is taken.</summary>
        internal SemaphoreSlim Answers { get; } = new(0);

        /// <summary>Addresses in the order in which their mails came.</summary>
        internal ConcurrentQueue<string> Asked { get; } = new();

        public override async Task InitializeAsync()
        {
            _listener.Start();
            _ = AcceptAsync();
            await base.InitializeAsync();
        }

        public override async Task DisposeAsync()
        {
            Answers.Release(1_000);
            await base.DisposeAsync();
            _listener.Dispose();
            Answers.Dispose();
        }

        protected override NodeOptions Configure(NodeOptions options) => options with { Smtp = SmtpServer.Parse($"smtp://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}") };

        private async Task AcceptAsync()
        {
            while (true)
            {
                try
                {
                    _ = ServeAsync(await _listener.AcceptTcpClientAsync());
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    return;
                }
            }
        }

        private async Task ServeAsync(TcpClient accepted)
        {
            using var client = accepted;
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            await using var writer = new StreamWriter(client.GetStream(), Encoding.ASCII) { AutoFlush = true, NewLine = "\r\n" };
            await writer.WriteLineAsync("220 test");
            var inData = false;
            while (await reader.ReadLineAsync() is { } line && line != "QUIT")
            {
                if (inData && line != ".")
                {
                    continue;
                }

                inData = line == "DATA";
                if (line.StartsWith("RCPT TO:<", StringComparison.Ordinal))
                {
                    Asked.Enqueue(line["RCPT TO:<".Length..^1]);
                    await Answers.WaitAsync();
                }

                await writer.WriteLineAsync(inData ? "354 go on" : "250 ok");
            }
        }
    }
}
