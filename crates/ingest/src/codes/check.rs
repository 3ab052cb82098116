//! Check digits.

/// Product in the dihedral group of order ten.
const PRODUCT: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// What a digit becomes by its place, counted from the right, modulo eight.
const PLACE: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

/// Whether digits end in their Verhoeff check digit, as identifiers of SNOMED CT do.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    let step = |state: u8, (place, byte): (usize, &u8)| {
        let placed = PLACE[place % 8][usize::from(digit(*byte)?)];
        Some(PRODUCT[usize::from(state)][usize::from(placed)])
    };
    digits.iter().rev().enumerate().try_fold(0, step) == Some(0)
}

/// Whether digits end in their check digit modulo ten (Luhn), as LOINC codes do once the hyphen is taken out.
pub(super) fn luhn(digits: impl DoubleEndedIterator<Item = u8>) -> bool {
    let step = |sum: u32, (place, byte): (usize, u8)| {
        let value = u32::from(digit(byte)?) * if place % 2 == 1 { 2 } else { 1 };
        Some(sum + value / 10 + value % 10)
    };
    digits.rev().enumerate().try_fold(0, step).is_some_and(|sum| sum % 10 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_digit_and_every_swap_of_neighbours_is_noticed_in_snomed() {
        for code in ["44054006", "38341003", "22298006", "73211009", "428191000124101"] {
            assert!(verhoeff(code.as_bytes()), "{code}");
            for place in 0..code.len() {
                for other in b'0'..=b'9' {
                    let mut wrong = code.as_bytes().to_vec();
                    wrong[place] = other;
                    assert_eq!(verhoeff(&wrong), wrong == code.as_bytes());
                }
                let mut swapped = code.as_bytes().to_vec();
                if place > 0 && swapped[place] != swapped[place - 1] {
                    swapped.swap(place, place - 1);
                    assert!(!verhoeff(&swapped), "{code} {place}");
                }
            }
        }
        assert!(!verhoeff(b"4405400x"));
    }

    #[test]
    fn loinc_codes_end_in_their_check_digit() {
        for (code, right) in [("8480-6", true), ("8462-4", true), ("2345-7", true), ("718-7", true), ("718-8", false)] {
            assert_eq!(luhn(code.bytes().filter(|byte| *byte != b'-')), right, "{code}");
        }
        assert!(!luhn("71a7".bytes()));
    }
}
