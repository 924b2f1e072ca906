//! A program that embeds the engine, from `examples/embed`.

use tokio::process::Command;

use crate::binary;
use crate::shelf::Shelf;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_embeds_the_engine_sells_its_lamp_once_also_when_it_is_started_again() {
    let shelf = Shelf::new();
    let program = tokio::task::spawn_blocking(|| binary::example("embed")).await.expect("built");
    let mut sold = 0;
    for _ in 0..2 {
        let mut command = Command::new(&program);
        command.arg(shelf.url());
        let told = binary::finish(command).await;
        assert_eq!(told.status, Some(0), "{told:?}");
        let lines: Vec<&str> = told.stdout.lines().collect();
        assert_eq!(lines.len(), 2, "{told:?}");
        for line in lines {
            if line.starts_with("sold: ") {
                assert!(line.contains("4900 cents"), "{line}");
                sold += 1;
            } else {
                assert_eq!(line, "not sold: item.sold_out: There is no lamp left.");
            }
        }
    }
    assert_eq!(sold, 1, "there was one lamp");
}
