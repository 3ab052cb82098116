"""Whichever way a client goes away: it does not hang, the hospitals stop working, and the next question is answered."""

import os
import signal
import termios
import threading
import time

import adbc_driver_manager
import pytest

# Half a minute of work at each site (debug builds), in many small steps.
STEADY = "SELECT avg(v) AS v, var_pop(w) AS w FROM ({}) t".format(
    " UNION ALL ".join(
        ["""SELECT person_id, ln(sqrt(sqrt(abs(value_as_number)))) AS v, avg(value_as_number)
            OVER (PARTITION BY person_id ORDER BY measurement_date, measurement_id) AS w FROM measurement"""] * 30
    )
)
# Every triple of a person's measurements: few rows are read, and minutes of work follow from each batch of them.
EXPLODING = """SELECT count(*) AS n FROM measurement x JOIN measurement y ON x.person_id = y.person_id
    JOIN measurement z ON z.person_id = y.person_id WHERE x.value_as_number + y.value_as_number < z.value_as_number"""

LIMIT = 5.0


@pytest.fixture(params=[
    pytest.param(STEADY, id="steady"),
    pytest.param(EXPLODING, id="exploding"),
])
def slow(request, consortium):
    yield request.param
    if processors(consortium, 0.3) > 0.2:
        consortium.revive()


def test_cancel_from_another_thread(consortium, slow):
    with consortium.connect() as connection, connection.cursor() as cursor:
        timer = threading.Timer(1.0, cursor.adbc_cancel)
        began = time.monotonic()
        timer.start()
        with pytest.raises(adbc_driver_manager.Error, match="(?i)cancel"):
            cursor.execute(slow)
            cursor.fetchall()
        assert 0.9 < time.monotonic() - began < LIMIT
        timer.join()
        check_free(consortium, connection)


@pytest.mark.parametrize("slow", [STEADY], ids=["steady"], indirect=True)
class TestGoingAway:
    def test_closing_the_cursor(self, consortium, slow):
        with consortium.connect() as connection:
            cursor = connection.cursor()
            cursor.execute(slow)
            wait_busy(consortium)
            began = time.monotonic()
            cursor.close()
            assert time.monotonic() - began < LIMIT
            check_free(consortium, connection)

    def test_closing_the_connection(self, consortium, slow):
        connection = consortium.connect()
        cursor = connection.cursor()
        cursor.execute(slow)
        wait_busy(consortium)
        began = time.monotonic()
        cursor.close()
        connection.close()
        assert time.monotonic() - began < LIMIT
        with consortium.connect() as connection:
            check_free(consortium, connection)

    def test_the_deadline(self, consortium, slow):
        with consortium.connect(headers={"renkei-deadline": "700ms"}) as connection, connection.cursor() as cursor:
            began = time.monotonic()
            with pytest.raises(adbc_driver_manager.OperationalError, match="E-LATE") as caught:
                cursor.execute(slow)
                cursor.fetchall()
            assert 0.6 < time.monotonic() - began < LIMIT
            for site in consortium.sites:
                assert f"{site} late" in str(caught.value)
        with consortium.connect() as connection:
            check_free(consortium, connection)

    def test_interrupting_the_command(self, consortium, slow):
        process = consortium.renkei_process("query", "--output", "json", slow)
        wait_busy(consortium)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=LIMIT)
        assert time.monotonic() - began < LIMIT
        assert (process.returncode, out) == (130, b"")
        with consortium.connect() as connection:
            check_free(consortium, connection)

    @pytest.mark.parametrize(("end", "status"), [
        (signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130), (signal.SIGKILL, -signal.SIGKILL),
    ])
    def test_ending_the_command_at_a_terminal(self, consortium, slow, end, status):
        """There the command polls, to show which hospitals are at work; the question would go on by itself. One that is
        killed cannot say that it goes: the gateway notices that the poll broke off."""
        terminal, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (24, 120))
        process = consortium.renkei_process("query", "--output", "json", slow, stderr=theirs)
        os.close(theirs)
        try:
            wait_busy(consortium)
            shown = b""
            while b"waiting for nagano, osaka, tokyo" not in shown:
                shown += os.read(terminal, 4096)
            began = time.monotonic()
            process.send_signal(end)
            out, _ = process.communicate(timeout=LIMIT)
            assert time.monotonic() - began < LIMIT
            assert (process.returncode, out) == (status, b"")
        finally:
            os.close(terminal)
        with consortium.connect() as connection:
            check_free(consortium, connection)


def check_free(consortium, connection) -> None:
    """The nodes rest, and answer."""
    end = time.monotonic() + LIMIT
    while processors(consortium, 0.4) > 0.2:
        assert time.monotonic() < end, "the nodes still work on a question that nobody waits for"
    with connection.cursor() as cursor:
        began = time.monotonic()
        cursor.execute("SELECT count(*) AS n FROM person")
        assert cursor.fetchall() == [(1800, 3, 0)]
        assert time.monotonic() - began < LIMIT


def wait_busy(consortium) -> None:
    end = time.monotonic() + LIMIT
    while processors(consortium, 0.2) < 0.3:
        assert time.monotonic() < end, "the question never started"


def processors(consortium, seconds: float) -> float:
    """How many processors the nodes keep busy, measured for a while."""
    before = consortium.node_seconds()
    time.sleep(seconds)
    return (consortium.node_seconds() - before) / seconds
