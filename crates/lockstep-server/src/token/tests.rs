//! Tokens: what finds and what proves one, and the file they are kept in.

use futures_util::FutureExt as _;

use super::*;

const NOW: Time = Time(1_800_000_000_000_000);

fn draw(name: &str, expires: Option<Timestamp>) -> (Token, String) {
    Token::draw(name, Role::Starter, NOW.timestamp(), expires).expect("a token")
}

fn found<'a>(tokens: &'a Tokens, text: &str) -> Result<&'a Token, Refused> {
    tokens.find(text, NOW).map(|(token, _)| token)
}

#[test]
fn a_token_is_found_by_its_text_and_by_no_other() {
    let (token, text) = draw("shop", None);
    let (other, other_text) = draw("shop", None);
    let tokens = Tokens::new([token.clone(), other]);
    assert_eq!(found(&tokens, &text), Ok(&token));
    let (id, secret) = parts(&text).expect("its parts");
    let (other_id, other_secret) = parts(&other_text).expect("its parts");
    assert!(id != other_id && secret != other_secret, "each is drawn");
    for wrong in [
        "",
        "lks_",
        "lks__",
        "shop",
        id,
        secret,
        &format!("lks_{id}_"),
        &format!("lks_{id}_{other_secret}"),
        &format!("lks_{other_id}_{secret}"),
        &format!("lks_0123456789abcdef_{secret}"),
        &format!("LKS_{id}_{secret}"),
        &format!("lks_{id}_{}", secret.to_uppercase()),
        &format!("lks_{id}_{secret} "),
        &format!(" lks_{id}_{secret}"),
        &format!("lks_{id}_{}", "0".repeat(64)),
        &format!("lks_{id}_{}", "é".repeat(32)),
    ] {
        assert_eq!(found(&tokens, wrong), Err(Refused::Unknown), "{wrong}");
    }
    assert_eq!(found(&Tokens::default(), &text), Err(Refused::Unknown));
}

#[test]
fn an_expired_token_is_told_apart_only_for_who_has_its_secret() {
    let (token, text) = draw("shop", Some(NOW.timestamp()));
    let wrong = format!("lks_{}_{}", token.id, "0".repeat(64));
    let tokens = Tokens::new([token]);
    assert_eq!(found(&tokens, &text), Err(Refused::Expired));
    assert_eq!(found(&tokens, &wrong), Err(Refused::Unknown));
    let before = Time(NOW.0 - 1);
    assert!(tokens.find(&text, before).is_ok(), "until then it is right");
}

#[test]
fn a_term_ends_with_the_token_and_goes_on_beside_others() {
    let (one, one_text) = draw("one", None);
    let (two, two_text) = draw("two", None);
    let later = Time(NOW.0 + 1);
    let (short, short_text) = draw("short", Some(later.timestamp()));
    let tokens = Tokens::new([one.clone(), two.clone(), short.clone()]);
    let term = |tokens: &Tokens, text: &str| tokens.find(text, NOW).expect("it is right").1;
    let texts = [&one_text, &two_text, &short_text];
    let terms = texts.map(|text| term(&tokens, text));
    let over = |terms: &[Term; 3]| terms.clone().map(|term| term.over().now_or_never());
    tokens.expire(NOW);
    assert_eq!(over(&terms), [None, None, None]);
    let (third, _) = draw("third", None);
    let next = tokens.followed_by([third, one, two.clone(), short.clone()]);
    assert_eq!(over(&terms), [None, None, None], "they are there");

    next.expire(later);
    assert_eq!(over(&terms), [None, None, Some(Refused::Expired)]);
    let lesser = Token { role: Role::Viewer, ..two };
    let last = next.followed_by([lesser, short]);
    let all_over = [Refused::Unknown, Refused::Unknown, Refused::Expired].map(Some);
    assert_eq!(over(&terms), all_over);
    let late = texts.map(|text| term(&tokens, text));
    assert_eq!(over(&late), all_over, "who comes with those of before is told the same");
    assert_eq!(term(&last, &two_text).over().now_or_never(), None, "the other one counts");
}

#[test]
fn names_part_from_what_stands_behind_them() {
    for name in ["", "a/b", "a b", "ü", "a\n", &"x".repeat(101)] {
        let drawn = Token::draw(name, Role::Viewer, NOW.timestamp(), None);
        assert!(matches!(drawn, Err(TokenError::Name(_))), "{name}");
    }
    let nobody = Token::draw("a", Role::Anyone, NOW.timestamp(), None);
    assert!(matches!(nobody, Err(TokenError::Role)));
}

#[test]
fn the_file_gives_back_what_was_put_in_and_holds_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::new(folder.path().join("tokens"));
    assert!(file.read().is_err(), "it is not there");
    let (one, text) = draw("shop", None);
    let (two, _) = draw("ann@example.org", Some(NOW.timestamp()));
    file.add(&one).expect("written");
    assert!(!file.is_open_to_others().expect("it is there"));
    // What a person has written stays, also without an end of line.
    let written = file.text().expect("text");
    std::fs::write(file.path(), format!("# the shop\n\n{}", written.trim_end())).expect("written");
    file.add(&two).expect("written");
    assert_eq!(file.read().expect("tokens"), [one.clone(), two.clone()]);
    assert!(!file.text().expect("text").contains(parts(&text).expect("parts").1));

    assert!(file.remove(&one.id).expect("written"));
    assert!(!file.remove(&one.id).expect("read"), "it is gone");
    assert_eq!(file.read().expect("tokens"), [two]);
    assert!(file.text().expect("text").starts_with("# the shop\n\n"));
    assert!(!file.is_open_to_others().expect("it is there"));
}

#[test]
fn a_file_that_is_not_right_is_refused_as_a_whole_and_told_without_its_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = TokenFile::new(folder.path().join("tokens"));
    let (token, _) = draw("shop", None);
    let line = serde_json::to_string(&Line::from(&token)).expect("JSON");
    let hash = hexadecimal(&token.sha256);
    for (wrong, told) in [
        ("what".to_owned(), "not JSON"),
        ("{}".to_owned(), "a field"),
        (line.replace("\"id\"", "\"what\""), "a field"),
        (line.replace("starter", "king"), "role"),
        (line.replace("starter", "anyone"), "role"),
        (line.replace(&hash, "abc"), "64 hexadecimal"),
        (line.replace(&token.id, "abc"), "16 hexadecimal"),
        (line.replace("shop", "a b"), "name"),
        (line.replace("Z\"", "\""), "moment"),
        (line.clone(), "twice"),
    ] {
        std::fs::write(file.path(), format!("{line}\n{wrong}\n")).expect("written");
        let error = file.read().expect_err(&wrong).to_string();
        assert!(error.contains("line 2") && error.contains(told), "{error}");
        assert!(!error.contains(&hash), "{error}");
        assert!(file.add(&token).is_err(), "nothing is added to it");
    }
}
