//! Segments, fields, repetitions, components and sub-components of a message, by number.

use std::borrow::Cow;

/// No segment of HL7 v2.5 has as many fields; further ones are not looked at.
const MAX_FIELDS: usize = 128;

/// The delimiters that a message declares in MSH-1 and MSH-2. They are ASCII, so text can be split by the byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Separators {
    /// Between fields.
    pub field: u8,
    /// Between components.
    pub component: u8,
    /// Between repetitions.
    pub repetition: u8,
    /// Around escapes.
    pub escape: u8,
    /// Between sub-components.
    pub sub: u8,
}

impl Default for Separators {
    fn default() -> Self {
        Self { field: b'|', component: b'^', repetition: b'~', escape: b'\\', sub: b'&' }
    }
}

impl Separators {
    /// What the text after `MSH` declares; the usual ones where it declares none, or such as cannot delimit.
    fn declared(after: &str) -> Self {
        let mut result = Self::default();
        let mut bytes = after.bytes();
        let Some(field) = bytes.next().filter(delimits) else { return result };
        result.field = field;
        let Self { component, repetition, escape, sub, .. } = &mut result;
        for (place, declared) in [component, repetition, escape, sub].into_iter().zip(bytes) {
            if declared == field {
                break;
            }
            if delimits(&declared) {
                *place = declared;
            }
        }
        result
    }
}

fn delimits(byte: &u8) -> bool {
    byte.is_ascii_punctuation() && *byte != b'"'
}

/// Parts of a text between separators. Most parts are a few bytes long, where a plain loop is the fastest search.
#[derive(Debug, Clone)]
struct Parts<'t, F> {
    rest: Option<&'t str>,
    separates: F,
}

impl<'t, F: Fn(u8) -> bool> Iterator for Parts<'t, F> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.rest.take()?;
        let Some(end) = text.bytes().position(&self.separates) else { return Some(text) };
        self.rest = text.get(end + 1..);
        text.get(..end)
    }
}

fn split(text: &str, separator: u8) -> Parts<'_, impl Fn(u8) -> bool> {
    Parts { rest: Some(text), separates: move |byte| byte == separator }
}

#[derive(Debug)]
struct Span<'t> {
    text: &'t str,
    line: u32,
    fields: (usize, usize),
}

/// A message, split into segments and fields.
#[derive(Debug)]
pub struct Message<'t> {
    separators: Separators,
    spans: Vec<Span<'t>>,
    fields: Vec<&'t str>,
    /// Lines that are no segment, such as the rest of a text with a line break in it.
    pub stray: u64,
    /// Whether another message begins in the same text. It is not read.
    pub more: bool,
}

impl<'t> Message<'t> {
    /// Splits a text whose first segment is MSH; anything else is `None`. Segments end in CR, LF or both; control
    /// characters around them (the frame 0x0B, 0x1C of the transport, padding) do not count.
    #[must_use]
    pub fn parse(text: &'t str) -> Option<Self> {
        let lines = Parts { rest: Some(text), separates: |byte| matches!(byte, b'\r' | b'\n') };
        let mut lines = lines.map(|line| line.trim_matches(framing)).filter(|line| !line.is_empty());
        let first = lines.next()?;
        let separators = Separators::declared(first.strip_prefix("MSH")?);
        let mut message = Self { separators, spans: Vec::new(), fields: Vec::new(), stray: 0, more: false };
        message.push(first, 1);
        for (line, text) in (2..).zip(lines) {
            if text.starts_with("MSH") && message.is_segment(text) {
                message.more = true;
                break;
            }
            if message.is_segment(text) {
                message.push(text, line);
            } else {
                message.stray += 1;
            }
        }
        Some(message)
    }

    fn is_segment(&self, text: &str) -> bool {
        let Some((id, rest)) = text.split_at_checked(3) else { return false };
        let named = id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        named && (rest.is_empty() || rest.as_bytes().first() == Some(&self.separators.field))
    }

    fn push(&mut self, text: &'t str, line: u32) {
        let start = self.fields.len();
        self.fields.extend(split(text, self.separators.field).take(MAX_FIELDS));
        self.spans.push(Span { text, line, fields: (start, self.fields.len()) });
    }

    /// Its segments, in order.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        self.spans.iter().map(|span| Segment {
            text: span.text,
            line: span.line,
            fields: self.fields.get(span.fields.0..span.fields.1).unwrap_or_default(),
            separators: &self.separators,
        })
    }

    /// The first segment of a name.
    #[must_use]
    pub fn segment(&self, id: &str) -> Option<Segment<'_>> {
        self.segments().find(|segment| segment.id() == id)
    }
}

fn framing(c: char) -> bool {
    matches!(c, '\0' | '\u{b}' | '\u{1c}' | '\u{1a}' | '\u{feff}' | ' ')
}

/// A segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'m> {
    text: &'m str,
    /// Its position in the message, from 1.
    pub line: u32,
    fields: &'m [&'m str],
    separators: &'m Separators,
}

impl<'m> Segment<'m> {
    /// Its name, such as `OBX`.
    #[must_use]
    pub fn id(self) -> &'m str {
        self.text.get(..3).unwrap_or_default()
    }

    /// The whole of it.
    #[must_use]
    pub fn text(self) -> &'m str {
        self.text
    }

    /// Whether it carries its name and perhaps a number, and nothing else.
    #[must_use]
    pub fn is_bare(self) -> bool {
        self.fields.iter().skip(2).all(|field| field.is_empty())
    }

    /// A field by HL7's number; empty where there is none.
    #[must_use]
    pub fn field(self, number: usize) -> Field<'m> {
        let index = if self.id() == "MSH" { number.saturating_sub(1) } else { number };
        let text = if index == 0 { "" } else { self.fields.get(index).copied().unwrap_or_default() };
        Field { text, separators: self.separators }
    }

    /// The first component of the first repetition of a field.
    #[must_use]
    pub fn value(self, number: usize) -> &'m str {
        self.field(number).first().component(1).raw()
    }
}

/// A field, or a part of one.
#[derive(Debug, Clone, Copy)]
pub struct Field<'m> {
    text: &'m str,
    separators: &'m Separators,
}

impl<'m> Field<'m> {
    /// The text as it stands, without blanks around it. HL7's explicit nothing (`""`) is empty here.
    #[must_use]
    pub fn raw(self) -> &'m str {
        match self.text.trim_ascii() {
            "\"\"" => "",
            text => text,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.raw().is_empty()
    }

    /// Its repetitions; one, empty, where it is empty.
    pub fn repetitions(self) -> impl Iterator<Item = Self> {
        split(self.text, self.separators.repetition).map(move |text| Self { text, ..self })
    }

    /// Its first repetition.
    #[must_use]
    pub fn first(self) -> Self {
        self.part(self.separators.repetition, 1)
    }

    /// A component by number, from 1; empty where there is none.
    #[must_use]
    pub fn component(self, number: usize) -> Self {
        self.part(self.separators.component, number)
    }

    /// How many components it has, at least one.
    #[must_use]
    pub fn components(self) -> usize {
        split(self.text, self.separators.component).count()
    }

    /// A sub-component by number, from 1; empty where there is none.
    #[must_use]
    pub fn subcomponent(self, number: usize) -> Self {
        self.part(self.separators.sub, number)
    }

    /// The first six components: a code and its alternate.
    #[must_use]
    pub fn six(self) -> [Self; 6] {
        let mut parts = split(self.text, self.separators.component);
        std::array::from_fn(|_| Self { text: parts.next().unwrap_or_default(), ..self })
    }

    fn part(self, separator: u8, number: usize) -> Self {
        let text = split(self.text, separator).nth(number.saturating_sub(1)).unwrap_or_default();
        Self { text: text.trim_ascii(), ..self }
    }

    /// The text with its escapes resolved.
    #[must_use]
    pub fn text(self) -> Cow<'m, str> {
        let raw = self.raw();
        if raw.as_bytes().contains(&self.separators.escape) {
            Cow::Owned(self.unescape(raw))
        } else {
            Cow::Borrowed(raw)
        }
    }

    fn unescape(self, raw: &str) -> String {
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        let escape = char::from(self.separators.escape);
        while let Some((before, after)) = rest.split_once(escape) {
            out.push_str(before);
            rest = match after.split_once(escape) {
                Some((name, tail)) if self.append(name, &mut out) => tail,
                _ => {
                    out.push(escape);
                    after
                }
            };
        }
        out.push_str(rest);
        out
    }

    /// Appends what an escape stands for; `false` if it is none, and nothing is appended.
    fn append(self, name: &str, out: &mut String) -> bool {
        match name {
            "F" => out.push(char::from(self.separators.field)),
            "S" => out.push(char::from(self.separators.component)),
            "T" => out.push(char::from(self.separators.sub)),
            "R" => out.push(char::from(self.separators.repetition)),
            "E" => out.push(char::from(self.separators.escape)),
            "H" | "N" => {}
            ".br" => out.push('\n'),
            _ => return append_hex(name, out),
        }
        true
    }
}

fn append_hex(name: &str, out: &mut String) -> bool {
    let Some(digits) = name.strip_prefix('X').map(str::as_bytes) else { return false };
    if digits.is_empty() || digits.len() % 2 != 0 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    for pair in digits.chunks(2) {
        let byte = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        out.push(byte.filter(u8::is_ascii).map_or(char::REPLACEMENT_CHARACTER, char::from));
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "\u{b}MSH|^~\\&|A|B\rPID|1||42^^^X&Y&Z~43\n\r\n\
         OBX|1|ST|a^b||480×10^4||\"\"|x\\F\\y\\S\\\\T\\\\R\\\\E\\\\X0d41\\\r\
         Q|2\r\n\rPV1\r\u{1c}\r";

    #[test]
    fn parts_are_found_by_number() {
        let message = Message::parse(TEXT).unwrap();
        let ids: Vec<_> = message.segments().map(|s| (s.id(), s.line)).collect();
        assert_eq!(ids, [("MSH", 1), ("PID", 2), ("OBX", 3), ("PV1", 5)]);
        assert_eq!((message.stray, message.more), (1, false));
        let msh = message.segment("MSH").unwrap();
        assert_eq!((msh.field(2).raw(), msh.field(3).raw(), msh.field(4).raw()), ("^~\\&", "A", "B"));
        let pid = message.segment("PID").unwrap();
        assert_eq!(pid.field(3).first().component(4).subcomponent(2).raw(), "Y");
        assert_eq!(pid.field(3).repetitions().map(|r| r.component(1).raw()).collect::<Vec<_>>(), ["42", "43"]);
        assert_eq!((pid.value(3), pid.value(99), pid.value(0)), ("42", "", ""));
        let obx = message.segment("OBX").unwrap();
        assert_eq!((obx.field(5).raw(), obx.field(5).components()), ("480×10^4", 2));
        assert!(obx.field(7).is_empty() && obx.value(7).is_empty());
        assert_eq!(obx.field(8).text(), "x|y^&~\\\rA");
        assert!(message.segment("PV1").unwrap().field(2).is_empty());
    }

    #[test]
    fn escapes_that_are_none_stay() {
        let message = Message::parse("MSH|^~\\&\rOBX|a\\b|\\Z1\\|\\X4\\|\\X8A\\|c\\").unwrap();
        let obx = message.segment("OBX").unwrap();
        let texts: Vec<_> = (1..=5).map(|n| obx.field(n).text().into_owned()).collect();
        assert_eq!(texts, ["a\\b", "\\Z1\\", "\\X4\\", "\u{fffd}", "c\\"]);
    }

    #[test]
    fn delimiters_are_those_of_the_message() {
        let parts = |text: &str| {
            let message = Message::parse(text).unwrap();
            let pid = message.segment("PID").unwrap();
            pid.field(1).component(2).raw().to_owned()
        };
        assert_eq!(parts("MSH#!~\\&#\rPID#a!b"), "b");
        assert_eq!(parts("MSH\rPID|a^b"), "b");
        assert_eq!(parts("MSH|\rPID|a^b"), "b");
        assert_eq!(parts("MSH|A~\\&|\rPID|a^b"), "b");
        for none in ["", "PID|1", "garbage", "MS", "\r\n"] {
            assert!(Message::parse(none).is_none(), "{none}");
        }
        assert!(Message::parse("MSH|^~\\&\rPID|1\rMSH|^~\\&\rPID|2").unwrap().more);
    }

    proptest! {
        #[test]
        fn any_text_is_split_without_loss_of_bounds(text in "(MSH[|#^].{0,4})?[A-Z0-9|^~\\\\&\r\n\"あ ]{0,200}") {
            let Some(message) = Message::parse(&text) else { return Ok(()) };
            for segment in message.segments() {
                for number in 0..20 {
                    for repetition in segment.field(number).repetitions() {
                        for part in 0..4 {
                            let component = repetition.component(part);
                            prop_assert!(component.subcomponent(part).text().len() <= 3 * text.len());
                        }
                    }
                }
            }
        }
    }
}
