using System.Net;
using System.Net.Sockets;
using System.Text;
using Dapper;
using Events.Platform.Features.Mail;
using Events.Tests.Platform.Testing;

namespace Events.Tests.Platform.Features.Mail;

[Collection(nameof(PlatformCollection))]
public sealed class MailQueueTests(PlatformFixture fixture)
{
    private static readonly Dictionary<string, string> Model = new() { ["confirmUrl"] = "https://events.example/confirm#secret", ["minutes"] = "10" };

    [Fact]
    public async Task A_committed_mail_is_delivered_and_then_forgets_what_it_said()
    {
        var id = await EnqueueAsync(new MailMessage("ann@people.example", "magic-link", Model) { Attachments = [new("a.ics", "text/calendar", [1, 2, 3])] });
        await Eventually.TrueAsync(async () => await StateAsync(id!.Value) == "sent", "the mail is sent");
        var file = await File.ReadAllTextAsync(Path.Combine(fixture.Options.MailDirectory, $"{id:N}.eml"));
        Assert.Contains("To: ann@people.example\r\n", file);
        await using var connection = await fixture.Database.OpenAsync(default);
        Assert.Null(await connection.QuerySingleAsync<string?>("select model::text from platform.mails where id = @id", new { id }));
        Assert.Equal(0, await connection.QuerySingleAsync<int>("select count(*)::int from platform.mail_attachments where mail_id = @id", new { id }));
    }

    [Fact]
    public async Task A_mail_whose_cause_is_rolled_back_does_not_exist()
    {
        var id = Guid.Empty;
        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.Database.InTransactionAsync<int>(
            async transaction =>
            {
                id = (await MailOutbox.EnqueueAsync(transaction, new MailMessage("ann@people.example", "magic-link", Model)))!.Value;
                throw new InvalidOperationException();
            },
            default));
        Assert.Null(await StateAsync(id));
    }

    [Fact]
    public async Task One_key_makes_one_mail()
    {
        var mail = new MailMessage("ann@people.example", "magic-link", Model) { OnceKey = $"test:{Guid.NewGuid()}" };
        Assert.NotNull(await EnqueueAsync(mail));
        Assert.Null(await EnqueueAsync(mail));
    }

    [Fact]
    public async Task A_mail_that_has_expired_is_not_sent()
    {
        var id = await EnqueueAsync(new MailMessage("ann@people.example", "magic-link", Model) { ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(-1) });
        await Eventually.TrueAsync(async () => await StateAsync(id!.Value) == "failed", "the mail has failed");
        Assert.False(File.Exists(Path.Combine(fixture.Options.MailDirectory, $"{id:N}.eml")));
    }

    [Fact]
    public async Task A_mail_that_cannot_even_be_read_is_put_off_and_others_are_sent()
    {
        var broken = await fixture.Database.InTransactionAsync(
            async transaction =>
            {
                var id = (await MailOutbox.EnqueueAsync(transaction, new MailMessage("ann@people.example", "magic-link", Model) { Urgency = MailUrgency.Awaited }))!.Value;
                await transaction.Connection!.ExecuteAsync("update platform.mails set model = '[1]' where id = @id", new { id });
                return id;
            },
            default);
        await Eventually.TrueAsync(async () => await ProblemAsync(broken) is not null, "why it is put off is kept");
        Assert.Equal("waiting", await StateAsync(broken));
        var next = await EnqueueAsync(new MailMessage("ann@people.example", "magic-link", Model));
        await Eventually.TrueAsync(async () => await StateAsync(next!.Value) == "sent", "the next mail is sent");
        await using var connection = await fixture.Database.OpenAsync(default);
        await connection.ExecuteAsync("delete from platform.mails where id = @broken", new { broken });
    }

    [Fact]
    public async Task Mistakes_of_the_caller_are_thrown_at_the_cause()
    {
        foreach (var mail in new MailMessage[]
        {
            new("no address", "magic-link", Model),
            new("ann@people.example", "no-such-template", Model),
            new("ann@people.example", "magic-link", new Dictionary<string, string>()),
            new("ann@people.example", "magic-link", new Dictionary<string, string>(Model) { ["confirmUrl"] = "javascript:alert(1)" }),
            new("ann@people.example", "magic-link", Model) { Attachments = [new("a\r\nb", "text/plain", [])] },
        })
        {
            await Assert.ThrowsAsync<ArgumentException>(() => EnqueueAsync(mail));
        }
    }

    [Fact]
    public async Task A_mail_server_gets_the_whole_mail_and_its_refusals_are_told_apart()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var transport = new SmtpTransport(SmtpServer.Parse($"smtp://user:p%40ss@127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}")!);
        var mail = new OutgoingMail(Guid.CreateVersion7(), "no-reply@events.example", "a@b.example", DateTimeOffset.UtcNow, new RenderedMail("s", "t", "h"), []);

        var session = ServeAsync(server, _ => "250 ok");
        await transport.SendAsync(mail, default);
        var said = await session;
        Assert.Contains("AUTH PLAIN " + Convert.ToBase64String("\0user\0p@ss"u8), said);
        Assert.Contains("RCPT TO:<a@b.example>", said);
        Assert.Contains($"Message-ID: {mail.MessageId}", said);

        session = ServeAsync(server, command => command.StartsWith("RCPT", StringComparison.Ordinal) ? "550 5.1.1 no such user" : "250 ok");
        Assert.True((await Assert.ThrowsAsync<MailRefusedException>(() => transport.SendAsync(mail, default))).IsPermanent);
        await session;
        session = ServeAsync(server, command => command.StartsWith("RCPT", StringComparison.Ordinal) ? "451 4.7.1 greylisted" : "250 ok");
        Assert.False((await Assert.ThrowsAsync<MailRefusedException>(() => transport.SendAsync(mail, default))).IsPermanent);
        await session;
    }

    [Theory]
    [InlineData("smtps://mail.example", 465, true)]
    [InlineData("smtp://mail.example", 587, false)]
    [InlineData("smtp://u:p@mail.example:2525", 2525, false)]
    public void A_mail_servers_address_names_its_port_and_tls(string text, int port, bool implicitTls)
    {
        var server = SmtpServer.Parse(text)!;
        Assert.Equal((port, implicitTls), (server.Port, server.HasImplicitTls));
    }

    private static async Task<List<string>> ServeAsync(TcpListener listener, Func<string, string> answer)
    {
        using var client = await listener.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        await using var writer = new StreamWriter(client.GetStream(), Encoding.ASCII) { AutoFlush = true, NewLine = "\r\n" };
        await writer.WriteLineAsync("220 test");
        var said = new List<string>();
        var inData = false;
        while (await reader.ReadLineAsync() is { } line)
        {
            said.Add(line);
            if (inData && line != ".")
            {
                continue;
            }

            if (line == "QUIT")
            {
                break;
            }

            inData = line == "DATA";
            await writer.WriteLineAsync(inData ? "354 go on" : line.StartsWith("EHLO", StringComparison.Ordinal) ? "250-test\r\n250 AUTH PLAIN" : line.StartsWith("AUTH", StringComparison.Ordinal) ? "235 ok" : answer(line));
        }

        return said;
    }

    private Task<Guid?> EnqueueAsync(MailMessage mail) => fixture.Database.InTransactionAsync(transaction => MailOutbox.EnqueueAsync(transaction, mail), default);

    private async Task<string?> ProblemAsync(Guid id)
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return await connection.QuerySingleOrDefaultAsync<string?>("select last_error from platform.mails where id = @id", new { id });
    }

    private async Task<string?> StateAsync(Guid id)
    {
        await using var connection = await fixture.Database.OpenAsync(default);
        return await connection.QuerySingleOrDefaultAsync<string?>("select state from platform.mails where id = @id", new { id });
    }
}
