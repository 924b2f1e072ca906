//! Laws of places, for pictures that are made by a generator of numbers.

use super::*;

/// Numbers that look random: the same for the same seed.
struct Numbers(u64);

impl Numbers {
    /// From 0 to `below`, which is not reached.
    fn next(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

fn random(seed: u64, count: usize, reach: usize) -> (Vec<Size>, Vec<Link>) {
    let mut numbers = Numbers(seed);
    let mut length = |least: usize, more: usize| i64::try_from(least + numbers.next(more)).unwrap();
    let boxes: Vec<Size> =
        (0..count).map(|_| Size { width: length(30, 300), height: length(20, 200) }).collect();
    let mut links = Vec::new();
    for from in 0..count.saturating_sub(1) {
        // Each box hangs on one before it, so that layers hold several boxes.
        links.push((from.saturating_sub(numbers.next(4)), from + 1));
        for _ in 0..numbers.next(4) {
            let to = (from.saturating_sub(reach) + numbers.next(2 * reach)).min(count - 1);
            if to != from {
                links.push((from, to));
            }
        }
    }
    let mut link = |(from, to)| {
        let label = match numbers.next(2) {
            0 => Size::default(),
            _ => Size { width: i64::try_from(numbers.next(200)).unwrap() + 1, height: 18 },
        };
        Link { from, to, label }
    };
    let links = links.into_iter().map(&mut link).collect();
    (boxes, links)
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

/// Whether a point lies on the upper or lower border.
fn touches(rect: &Rect, (x, y): (i64, i64)) -> bool {
    (rect.x..=rect.x + rect.width).contains(&x) && (y == rect.y || y == rect.y + rect.height)
}

#[test]
fn laws_hold_for_pictures_of_one_to_sixty_boxes() {
    for seed in 0..240 {
        let count = 1 + usize::try_from(seed % 60).unwrap();
        let (boxes, links) = random(seed, count, 6);
        let placed = layout(&boxes, &links);
        let labels = placed.routes.iter().map(|route| route.label).filter(|r| r.width > 0);
        let all: Vec<Rect> = placed.boxes.iter().copied().chain(labels).collect();
        for (number, rect) in all.iter().enumerate() {
            let inside = rect.x >= 0
                && rect.y >= 0
                && rect.x + rect.width <= placed.size.width
                && rect.y + rect.height <= placed.size.height;
            assert!(inside, "seed {seed}: {rect:?} is outside of {:?}", placed.size);
            for other in &all[number + 1..] {
                assert!(!overlap(rect, other), "seed {seed}: {rect:?} and {other:?} overlap");
            }
        }
        assert_eq!(placed.routes.len(), links.len());
        for (link, route) in links.iter().zip(&placed.routes) {
            let (first, last) = (route.points[0], *route.points.last().unwrap());
            assert!(touches(&placed.boxes[link.from], first), "seed {seed}: start of {link:?}");
            assert!(touches(&placed.boxes[link.to], last), "seed {seed}: end of {link:?}");
            let down = link.from < link.to;
            for pair in route.points.windows(2) {
                let goes_down = pair[0].1 <= pair[1].1;
                assert!(goes_down == down || pair[0].1 == pair[1].1, "seed {seed}: {route:?}");
            }
            crosses_no_box(seed, route, &placed.boxes);
        }
    }
}

/// The straight pieces of an arrow lead past boxes; curves stay between layers.
fn crosses_no_box(seed: u64, route: &Route, boxes: &[Rect]) {
    for piece in route.points.chunks(2) {
        let (x, from, to) = (piece[0].0, piece[0].1.min(piece[1].1), piece[0].1.max(piece[1].1));
        let within = |rect: &&Rect| {
            x > rect.x && x < rect.x + rect.width && from < rect.y + rect.height && to > rect.y
        };
        assert_eq!(boxes.iter().find(within), None, "seed {seed}: {piece:?} crosses a box");
    }
}

#[test]
fn same_input_gives_the_same_places() {
    let (boxes, links) = random(7, 40, 6);
    let (one, two) = (layout(&boxes, &links), layout(&boxes, &links));
    assert_eq!(one.boxes, two.boxes);
}

#[test]
fn no_box_and_one_box_have_places() {
    assert_eq!(layout(&[], &[]).boxes, []);
    let one = layout(&[Size { width: 10, height: 10 }], &[]);
    assert_eq!(one.size, Size { width: 10 + 2 * MARGIN, height: 10 + 2 * MARGIN });
}
