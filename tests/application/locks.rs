//! Rows that the application holds, and deadlocks with it: the job gives way.

use crate::support::{Failpoints, Rotation, eventually, seal};

/// The job is slow between two rows of its page, as with large values or a trigger that does much.
const SLOW_AT_ROW_3: &str = "
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('application_name') LIKE 'reseal%' THEN PERFORM pg_sleep(0.3); END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON secrets FOR EACH ROW WHEN (OLD.id = 3)
        EXECUTE FUNCTION slow()";

/// The application holds row 5 and asks for row 1, which a page of the job has; then the page asks for
/// row 5. Who waits first would be the first to find the deadlock, and would lose: the application.
#[tokio::test]
async fn the_application_never_loses_a_deadlock() {
    let rotation = Rotation::of(100).await;
    rotation.database.batch(SLOW_AT_ROW_3).await;
    let (application, observer) = (rotation.client().await, rotation.client().await);
    let said = |words: &str| seal(&rotation.new, "go", b"", words.as_bytes());
    let update = "UPDATE secrets SET value = $2 WHERE id = $1";
    application.batch_execute("BEGIN").await.expect("a transaction");
    application.execute(update, &[&5_i64, &said("five")]).await.expect("row 5");

    let running = rotation.run().spawn();
    let asleep = "SELECT FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event = 'PgSleep'";
    eventually("the page holds row 1 and is slow at row 3", async || {
        observer.query_opt(asleep, &[]).await.expect("a superuser")
    })
    .await;
    application.execute(update, &[&1_i64, &said("one")]).await.expect("no deadlock for us");
    application.batch_execute("COMMIT").await.expect("a commit");

    running.wait().await.expect(0);
    let opened = rotation.opened().await;
    assert_eq!(opened.len(), 100);
    assert_eq!((&*opened[&1], &*opened[&5]), (&b"one"[..], &b"five"[..]));
}

/// A trigger of ours takes locks elsewhere, as one that keeps a total does.
const LOCKS_ITS_OWNER: &str = "
    CREATE TABLE owners (id integer PRIMARY KEY, changes integer NOT NULL DEFAULT 0);
    INSERT INTO owners VALUES (1);
    CREATE FUNCTION lock_owner() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM owners WHERE id = 1 FOR UPDATE;
        UPDATE owners SET changes = changes + 1 WHERE id = 1;
        RETURN NEW;
    END $$;
    CREATE TRIGGER lock_owner BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION lock_owner()";

/// The application has locked the owner; the trigger of a page waits for that, with row 1 in hand, and
/// the application asks for row 1.
#[tokio::test]
async fn the_application_never_loses_a_deadlock_to_a_trigger_that_locks() {
    let rotation = Rotation::of(100).await;
    rotation.database.batch(LOCKS_ITS_OWNER).await;
    let (application, observer) = (rotation.client().await, rotation.client().await);
    let lock = "BEGIN; SELECT FROM owners WHERE id = 1 FOR UPDATE";
    application.batch_execute(lock).await.expect("a transaction");
    let mut running = rotation.run().spawn();
    let waiting = "SELECT FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("a page waits for the owner", async || {
        assert!(!running.has_ended(), "{}", running.stderr_so_far());
        observer.query_opt(waiting, &[]).await.expect("a superuser")
    })
    .await;
    let update = "UPDATE secrets SET value = $1 WHERE id = 1";
    let value = seal(&rotation.new, "go", b"", b"one");
    application.execute(update, &[&value]).await.expect("no deadlock for us");
    application.batch_execute("COMMIT").await.expect("a commit");

    running.wait().await.expect(0);
    let opened = rotation.opened().await;
    assert_eq!((opened.len(), &*opened[&1]), (100, &b"one"[..]));
    let written: i32 = rotation.rows().await.iter().map(|row| row.writes).sum();
    let changes = observer.query_one("SELECT changes FROM owners", &[]).await.expect("the owner");
    assert_eq!(changes.get::<_, i32>(0), written, "the trigger counts what was committed");
}

/// A row that is held over the whole pass is left, and what its holder writes in the end counts, under
/// whatever key.
#[tokio::test]
async fn a_held_row_is_left_to_its_holder() {
    let rotation = Rotation::of(300).await;
    let holder = rotation.client().await;
    holder.batch_execute("BEGIN; SELECT FROM secrets WHERE id = 7 FOR UPDATE").await.unwrap();
    let failpoints = Failpoints::hold("close-looked@1");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("close-looked@1", &mut running).await;
    let others = rotation.rows().await.into_iter().filter(|row| row.writes == 1).count();
    assert_eq!(others, 299, "the job went on without row 7");

    let last = seal(&rotation.old, "go", b"", b"the last word of its holder");
    let update = "UPDATE secrets SET value = $1 WHERE id = 7";
    holder.execute(update, &[&last]).await.expect("row 7");
    holder.batch_execute("COMMIT").await.expect("a commit");
    failpoints.release("close-looked@1");
    running.wait().await.expect(0);
    assert_eq!(rotation.opened().await[&7], b"the last word of its holder");
}

/// A page in hand when the application rewrites, moves and deletes its rows: what was read is void.
#[tokio::test]
async fn what_changed_since_it_was_read_is_not_written() {
    let rotation = Rotation::of(300).await;
    let failpoints = Failpoints::hold("page-resealed@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    let client = rotation.client().await;
    for (id, key) in [(150_i64, &rotation.old), (151, &rotation.new)] {
        let value = seal(key, "go", b"", b"written since");
        let update = "UPDATE secrets SET value = $2 WHERE id = $1";
        client.execute(update, &[&id, &value]).await.expect("a row");
    }
    // a row that goes, and another that takes its key and its very ciphertext
    let replaced = "UPDATE secrets SET id = 1152 WHERE id = 152;
                    INSERT INTO secrets (id, value) SELECT 152, value FROM secrets WHERE id = 1152;
                    DELETE FROM secrets WHERE id = 153";
    client.batch_execute(replaced).await.expect("rows");
    failpoints.release("page-resealed@2");

    let status = running.wait().await.expect(0).json();
    assert_eq!(status["conflicts"], 4, "{status}");
    let opened = rotation.opened().await;
    assert_eq!((opened.len(), opened.get(&153)), (300, None));
    assert_eq!((&*opened[&150], &*opened[&151]), (&b"written since"[..], &b"written since"[..]));
    assert_eq!(opened[&152], opened[&1_152]);
}

/// Eight rows of a page are slow, longer together than the server waits before it looks for deadlocks: no
/// page is committed that held its rows for more than half of that.
#[tokio::test]
async fn no_page_holds_its_rows_for_long() {
    let rotation = Rotation::of(100).await;
    let slow = "
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_sleep(0.15);
            NEW.writes := extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000;
            RETURN NEW;
        END $$;
        DROP TRIGGER count_write ON secrets;
        CREATE TRIGGER slow BEFORE UPDATE ON secrets FOR EACH ROW WHEN (OLD.id <= 8)
            EXECUTE FUNCTION slow()";
    rotation.database.batch(slow).await;
    rotation.run().run().await.expect(0);
    rotation.expect_secrets(1..=100).await;
    let longest = rotation.rows().await.into_iter().map(|row| row.writes).max();
    assert!(longest.is_some_and(|ms| (150..=500).contains(&ms)), "{longest:?} ms");
}
