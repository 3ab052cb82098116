//! Open files over the socket between agent and worker.
//!
//! They follow the frame that names them, up to [`AT_ONCE`] with each byte. The agent reads nothing of them.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix_net::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

/// Descriptors that travel with one byte; Linux takes 253.
const AT_ONCE: usize = 128;

/// Sends open files in order.
pub(super) fn send(over: &UnixStream, files: &[Arc<File>]) -> io::Result<()> {
    for some in files.chunks(AT_ONCE) {
        let descriptors: Vec<BorrowedFd<'_>> = some.iter().map(|file| file.as_fd()).collect();
        let mut space = [0; rustix_net::cmsg_space!(ScmRights(AT_ONCE))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let sent = sendmsg(over, &[IoSlice::new(b"f")], &mut control, SendFlags::NOSIGNAL)?;
        if sent != 1 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

/// Receives that many open files.
pub(super) fn receive(over: &UnixStream, count: usize) -> io::Result<Vec<File>> {
    let mut files: Vec<File> = Vec::new();
    while files.len() < count {
        let mut space = [0; rustix_net::cmsg_space!(ScmRights(AT_ONCE))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let received = recvmsg(over, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
        let before = files.len();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = message {
                files.extend(descriptors.map(|descriptor: OwnedFd| File::from(descriptor)));
            }
        }
        if received.bytes != 1 || files.len() == before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    if files.len() == count { Ok(files) } else { Err(io::ErrorKind::InvalidData.into()) }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn files_arrive_in_order_however_many_there_are() {
        let (agent, worker) = UnixStream::pair().unwrap();
        let files: Vec<Arc<File>> = (0..300)
            .map(|i| {
                let mut file = tempfile::tempfile().unwrap();
                write!(file, "{i}").unwrap();
                file.rewind().unwrap();
                Arc::new(file)
            })
            .collect();
        send(&agent, &files).unwrap();
        for (i, mut file) in receive(&worker, 300).unwrap().into_iter().enumerate() {
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(text, i.to_string());
        }
        send(&agent, &[]).unwrap();
        assert!(receive(&worker, 0).unwrap().is_empty());
        (&agent).write_all(b"f").unwrap();
        assert!(receive(&worker, 1).is_err(), "a byte without a file");
        drop(agent);
        assert!(receive(&worker, 1).is_err(), "nobody there");
    }
}
