//! The runbook of a key rotation, walked from the first chapter to the last.

use std::fs;
use std::time::{Duration, Instant};

use super::application::{Activity, Application, CONFIGURATION, DemoKey, LiveApplication};
use super::audience::{Audience, count};
use super::child::{Ended, KeyVariables, Running, Shell};
use super::server::ThrowawayServer;
use crate::error::{Error, ExitCode, Result};

/// Small pages, so that the first run can be caught at work; resuming needs the same command.
const RUN: &str = "run --workers 1 --page-rows-max 500";

/// The first run is killed when this many values of a hundred are done: surely in the middle.
const KILL_BETWEEN_PERCENT: (u64, u64) = (10, 80);

/// Reads with the new key alone, once the old one is gone, before the application is stopped.
const LAST_READS: u64 = 200;

struct Story<'a> {
    audience: &'a Audience,
    shell: Shell,
    old: DemoKey,
    new: DemoKey,
}

/// Tells it all; an error is whatever was not as promised.
pub async fn tell(server: &ThrowawayServer, audience: &Audience) -> Result<()> {
    let url = server.url("postgres");
    let shell = Shell::new(server.directory(), url.clone())?;
    fs::write(server.directory().join("reseal.toml"), CONFIGURATION)
        .map_err(|error| Error::outside(format!("cannot write reseal.toml: {error}")))?;
    let (old, new) = (DemoKey::generate()?, shell.generate_key().await?);
    let story = Story { audience, shell, old, new };

    let application = story.introduction(server, &url).await?;
    let mut application = story.both_keys(application).await?;
    story.plan().await?;
    let run = story.killed_run(&application).await?;
    story.resumed_run(run, &mut application).await?;
    story.verify(&mut application).await?;
    story.one_key(&mut application).await?;
    story.reckoning(application).await
}

impl Story<'_> {
    async fn introduction(&self, server: &ThrowawayServer, url: &str) -> Result<Application> {
        let started = Instant::now();
        self.audience.chapter(1, "An application with two encrypted columns");
        let application = Application::install(url, &self.old).await?;
        for (name, rows, values) in application.tables() {
            self.audience.output(&format!(
                "{name:<17} {:>7} rows, {:>7} values (the others are NULL or empty)",
                count(rows),
                count(values)
            ));
        }
        self.audience.pause();
        self.audience.say(&format!(
            "Every value is sealed with the old key, {}. Now suppose it leaked.\n\
             (server in {}, filled in {})",
            self.old.id(),
            server.directory().display(),
            seconds(started.elapsed()),
        ));
        Ok(application)
    }

    async fn both_keys(&self, mut application: Application) -> Result<LiveApplication> {
        self.audience.chapter(2, "The services get the new key beside the old one");
        self.audience.say(&format!(
            "reseal generate-key made a new key, {}. Restarted with both, the\n\
             application writes with the new key and reads with either. It goes on working\n\
             from here to the end, and remembers what it writes.",
            self.new.id()
        ));
        let health = self.shown("health --output json", self.both()).await?;
        health.expect_health(true)?;
        self.audience.found("healthy, in dual-key mode");
        application.restart_with(&self.new, Some(&self.old));
        Ok(LiveApplication::start(application))
    }

    async fn plan(&self) -> Result<()> {
        self.audience.chapter(3, "What would be done");
        self.shown("plan", self.both()).await?;
        self.audience.found("the plan has no objection, and wrote nothing");
        Ok(())
    }

    /// The id of the run that was killed.
    async fn killed_run(&self, application: &LiveApplication) -> Result<u64> {
        self.audience.chapter(4, "The run, killed half-way");
        self.audience.say("One worker and small pages, so that there is time to kill it.");
        self.audience.command(&self.variables(self.both()), RUN);
        let before = application.activity();
        let mut running = self.shell.start(RUN, Some(self.both()))?;
        self.half_way(&mut running).await?;
        if running.kill()?.is_some() {
            return Err(too_fast());
        }
        let during = since(before, application.activity());
        let status = self.shell.run("status --output json", self.both()).await?;
        let (done, total) = (status.count("/processed_records")?, status.count("/total_records")?);
        self.audience.found(&format!(
            "kill -9 in mid-run: by its ledger {} of {} values are done",
            count(done),
            count(total)
        ));
        self.audience.found(&format!("the application meanwhile: {}", told(during)));
        if done >= total {
            return Err(too_fast());
        }
        status.count("/run_id")
    }

    /// Waits until the ledger shows the run in its middle; the status asked for is the only clock.
    async fn half_way(&self, running: &mut Running) -> Result<()> {
        let (least, most) = KILL_BETWEEN_PERCENT;
        while !running.has_ended()? {
            let status = self.shell.run("status --output json", self.both()).await?;
            let (done, total) =
                (status.count("/processed_records")?, status.count("/total_records")?);
            if done * 100 >= total * least && done > 0 {
                return if done * 100 <= total * most { Ok(()) } else { Err(too_fast()) };
            }
        }
        Err(too_fast())
    }

    async fn resumed_run(&self, killed: u64, application: &mut LiveApplication) -> Result<()> {
        self.audience.chapter(5, "The same command again");
        self.audience.say(
            "It waits until the dead worker's lease (2 s here) has run out, goes on where the\n\
             last committed page ended, and then proves the result.",
        );
        let before = application.activity();
        let run = self.shown(RUN, self.both()).await?;
        let during = since(before, application.activity());
        self.audience.found(&format!("completed in {}", seconds(run.took)));
        self.audience.found(&format!("the application meanwhile: {}", told(during)));
        application.check().await?;

        self.audience.pause();
        let status = self.shown("status --output json", self.both()).await?;
        status.expect_completed()?;
        status.expect_field("/run_id", killed)?;
        status.expect_field("/current_key", self.new.id())?;
        status.expect_field("/previous_keys", vec![self.old.id()])?;
        self.audience.found(&format!(
            "run {killed} it was, and all of its {} values are under the new key",
            count(status.count("/total_records")?)
        ));
        Ok(())
    }

    async fn verify(&self, application: &mut LiveApplication) -> Result<()> {
        self.audience.chapter(6, "Is the old key still needed?");
        self.audience.say("Asked without giving it the old key; the application is still writing.");
        let verify = self.shown("verify", self.new_alone()).await?;
        application.check().await?;
        self.audience.found(&format!("proved in {}, read-only", seconds(verify.took)));
        Ok(())
    }

    async fn one_key(&self, application: &mut LiveApplication) -> Result<()> {
        self.audience.chapter(7, "The services drop the old key");
        let health = self.shown("health --output json", self.new_alone()).await?;
        health.expect_health(false)?;
        self.audience.found("healthy, in single-key mode");
        application.forget_previous_key();
        application.do_more_reads(LAST_READS).await?;
        self.audience.found(&format!("the application read {LAST_READS} more values without it"));
        Ok(())
    }

    async fn reckoning(&self, application: LiveApplication) -> Result<()> {
        self.audience.chapter(8, "Was anything lost?");
        let activity = application.activity();
        let mut application = application.stop().await?;
        self.audience.found(&format!("the application in all: {}", told(activity)));
        self.audience.found(&format!(
            "the longest that one of its statements took: {} ms",
            activity.longest.as_millis()
        ));
        application.restart_with(&self.new, None);
        let checked = application.check_everything().await?;
        self.audience.found(&format!(
            "all {} rows are there, and all {} values open with the new key and are what\n      \
             the application last wrote; NULL is still NULL, empty still empty",
            count(checked.rows),
            count(checked.values)
        ));
        let verify = self.shell.run("verify --output json", self.new_alone()).await?;
        verify.expect(ExitCode::Done)?.expect_field("/total_records", checked.values)?;
        self.audience.found("reseal verify, asked once more, counts exactly as many");
        self.audience.pause();
        self.audience.say("The old key can go. The throwaway server goes now.");
        Ok(())
    }

    /// Runs a command before the audience, and expects it to be done.
    async fn shown(&self, words: &str, keys: KeyVariables<'_>) -> Result<Ended> {
        self.audience.command(&self.variables(keys), words);
        let ended = self.shell.run(words, keys).await?.expect(ExitCode::Done)?;
        self.audience.output(&ended.stdout);
        Ok(ended)
    }

    fn both(&self) -> KeyVariables<'_> {
        KeyVariables { current: &self.new, previous: Some(&self.old) }
    }

    fn new_alone(&self) -> KeyVariables<'_> {
        KeyVariables { current: &self.new, previous: None }
    }

    fn variables(&self, keys: KeyVariables<'_>) -> String {
        match keys.previous {
            Some(_) => "ENCRYPTION_KEY=new ENCRYPTION_KEY_PREVIOUS=old",
            None => "ENCRYPTION_KEY=new",
        }
        .to_owned()
    }
}

fn too_fast() -> Error {
    Error::outside("the first run was too fast to be killed half-way")
        .hint("nothing is wrong with it; run the demo again")
}

fn since(before: Activity, after: Activity) -> Activity {
    Activity { writes: after.writes - before.writes, reads: after.reads - before.reads, ..after }
}

fn told(activity: Activity) -> String {
    format!("{} writes, {} reads", count(activity.writes), count(activity.reads))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
