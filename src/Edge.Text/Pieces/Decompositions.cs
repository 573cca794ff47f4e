using System.Text;

namespace Edge.Text;

/// <summary>Canonical decompositions (NFD) without the non-spacing marks: what is left of a character when its accents
/// are stripped. The binary carries no ICU, so that <see cref="string.Normalize()"/> leaves text as it is. Printed by
/// scripts/golden/decompositions.py from Python's unicodedata.</summary>
internal static class Decompositions
{
    private const int HangulFirst = 0xAC00, HangulLast = 0xD7A3, Vowels = 21, Tails = 28;
    private const int IdeographsFirst = 0xF900, MoreIdeographsFirst = 0x2F800;

    /// <summary>A character, and the one that it is without its marks.</summary>
    private const string Pairs =
        "ÀAÁAÂAÃAÄAÅAÇCÈEÉEÊEËEÌIÍIÎIÏIÑNÒOÓOÔOÕOÖOÙUÚUÛUÜUÝYàaáaâaãaäaåaçcèeéeêeëeìiíiîiïiñnòoóoôoõoöoùuúuûu" +
        "üuýyÿyĀAāaĂAăaĄAąaĆCćcĈCĉcĊCċcČCčcĎDďdĒEēeĔEĕeĖEėeĘEęeĚEěeĜGĝgĞGğgĠGġgĢGģgĤHĥhĨIĩiĪIīiĬIĭiĮIįiİIĴJĵj" +
        "ĶKķkĹLĺlĻLļlĽLľlŃNńnŅNņnŇNňnŌOōoŎOŏoŐOőoŔRŕrŖRŗrŘRřrŚSśsŜSŝsŞSşsŠSšsŢTţtŤTťtŨUũuŪUūuŬUŭuŮUůuŰUűuŲUųu" +
        "ŴWŵwŶYŷyŸYŹZźzŻZżzŽZžzƠOơoƯUưuǍAǎaǏIǐiǑOǒoǓUǔuǕUǖuǗUǘuǙUǚuǛUǜuǞAǟaǠAǡaǢÆǣæǦGǧgǨKǩkǪOǫoǬOǭoǮƷǯʒǰjǴGǵg" +
        "ǸNǹnǺAǻaǼÆǽæǾØǿøȀAȁaȂAȃaȄEȅeȆEȇeȈIȉiȊIȋiȌOȍoȎOȏoȐRȑrȒRȓrȔUȕuȖUȗuȘSșsȚTțtȞHȟhȦAȧaȨEȩeȪOȫoȬOȭoȮOȯoȰOȱo" +
        "ȲYȳy\u0374ʹ\u037E\u003B΅¨ΆΑ\u0387\u00B7ΈΕΉΗΊΙΌΟΎΥΏΩΐιΪΙΫΥάαέεήηίιΰυϊιϋυόούυώωϓϒϔϒЀЕЁЕЃГЇІЌКЍИЎУЙИйи" +
        "ѐеёеѓгїіќкѝиўуѶѴѷѵӁЖӂжӐАӑаӒАӓаӖЕӗеӚӘӛәӜЖӝжӞЗӟзӢИӣиӤИӥиӦОӧоӪӨӫөӬЭӭэӮУӯуӰУӱуӲУӳуӴЧӵчӸЫӹы\u0622\u0627" +
        "\u0623\u0627\u0624\u0648\u0625\u0627\u0626\u064A\u06C0\u06D5\u06C2\u06C1\u06D3\u06D2ऩनऱरऴळ\u0958क" +
        "\u0959ख\u095Aग\u095Bज\u095Cड\u095Dढ\u095Eफ\u095Fय\u09DCড\u09DDঢ\u09DFয\u0A33ਲ\u0A36ਸ\u0A59ਖ\u0A5Aਗ" +
        "\u0A5Bਜ\u0A5Eਫ\u0B48\u0B47\u0B5Cଡ\u0B5Dଢ\u0CC0\u0CD5\u0CC7\u0CD5\u0CC8\u0CD6\u0CCA\u0CC2\u0DDA\u0DD9" +
        "\u0F43ག\u0F4Dཌ\u0F52ད\u0F57བ\u0F5Cཛ\u0F69ཀဦဥ\u1B3B\u1B35\u1B3D\u1B35\u1B43\u1B35ḀAḁaḂBḃbḄBḅbḆBḇbḈCḉc" +
        "ḊDḋdḌDḍdḎDḏdḐDḑdḒDḓdḔEḕeḖEḗeḘEḙeḚEḛeḜEḝeḞFḟfḠGḡgḢHḣhḤHḥhḦHḧhḨHḩhḪHḫhḬIḭiḮIḯiḰKḱkḲKḳkḴKḵkḶLḷlḸLḹlḺLḻl" +
        "ḼLḽlḾMḿmṀMṁmṂMṃmṄNṅnṆNṇnṈNṉnṊNṋnṌOṍoṎOṏoṐOṑoṒOṓoṔPṕpṖPṗpṘRṙrṚRṛrṜRṝrṞRṟrṠSṡsṢSṣsṤSṥsṦSṧsṨSṩsṪTṫtṬTṭt" +
        "ṮTṯtṰTṱtṲUṳuṴUṵuṶUṷuṸUṹuṺUṻuṼVṽvṾVṿvẀWẁwẂWẃwẄWẅwẆWẇwẈWẉwẊXẋxẌXẍxẎYẏyẐZẑzẒZẓzẔZẕzẖhẗtẘwẙyẛſẠAạaẢAảaẤA" +
        "ấaẦAầaẨAẩaẪAẫaẬAậaẮAắaẰAằaẲAẳaẴAẵaẶAặaẸEẹeẺEẻeẼEẽeẾEếeỀEềeỂEểeỄEễeỆEệeỈIỉiỊIịiỌOọoỎOỏoỐOốoỒOồoỔOổoỖO" +
        "ỗoỘOộoỚOớoỜOờoỞOởoỠOỡoỢOợoỤUụuỦUủuỨUứuỪUừuỬUửuỮUữuỰUựuỲYỳyỴYỵyỶYỷyỸYỹyἀαἁαἂαἃαἄαἅαἆαἇαἈΑἉΑἊΑἋΑἌΑἍΑἎΑ" +
        "ἏΑἐεἑεἒεἓεἔεἕεἘΕἙΕἚΕἛΕἜΕἝΕἠηἡηἢηἣηἤηἥηἦηἧηἨΗἩΗἪΗἫΗἬΗἭΗἮΗἯΗἰιἱιἲιἳιἴιἵιἶιἷιἸΙἹΙἺΙἻΙἼΙἽΙἾΙἿΙὀοὁοὂοὃοὄο" +
        "ὅοὈΟὉΟὊΟὋΟὌΟὍΟὐυὑυὒυὓυὔυὕυὖυὗυὙΥὛΥὝΥὟΥὠωὡωὢωὣωὤωὥωὦωὧωὨΩὩΩὪΩὫΩὬΩὭΩὮΩὯΩὰα\u1F71αὲε\u1F73εὴη\u1F75ηὶι" +
        "\u1F77ιὸο\u1F79οὺυ\u1F7Bυὼω\u1F7DωᾀαᾁαᾂαᾃαᾄαᾅαᾆαᾇαᾈΑᾉΑᾊΑᾋΑᾌΑᾍΑᾎΑᾏΑᾐηᾑηᾒηᾓηᾔηᾕηᾖηᾗηᾘΗᾙΗᾚΗᾛΗᾜΗᾝΗᾞΗᾟΗᾠω" +
        "ᾡωᾢωᾣωᾤωᾥωᾦωᾧωᾨΩᾩΩᾪΩᾫΩᾬΩᾭΩᾮΩᾯΩᾰαᾱαᾲαᾳαᾴαᾶαᾷαᾸΑᾹΑᾺΑ\u1FBBΑᾼΑ\u1FBEι῁¨ῂηῃηῄηῆηῇηῈΕ\u1FC9ΕῊΗ\u1FCBΗῌΗ῍᾿" +
        "῎᾿῏᾿ῐιῑιῒι\u1FD3ιῖιῗιῘΙῙΙῚΙ\u1FDBΙ῝῾῞῾῟῾ῠυῡυῢυ\u1FE3υῤρῥρῦυῧυῨΥῩΥῪΥ\u1FEBΥῬΡ῭¨\u1FEE¨\u1FEF`ῲωῳωῴωῶω" +
        "ῷωῸΟ\u1FF9ΟῺΩ\u1FFBΩῼΩ\u1FFD´\u2000\u2002\u2001\u2003\u2126Ω\u212AK\u212BA↚←↛→↮↔⇍⇐⇎⇔⇏⇒∄∃∉∈∌∋∤∣∦∥≁∼≄≃" +
        "≇≅≉≈≠=≢≡≭≍≮<≯>≰≤≱≥≴≲≵≳≸≶≹≷⊀≺⊁≻⊄⊂⊅⊃⊈⊆⊉⊇⊬⊢⊭⊨⊮⊩⊯⊫⋠≼⋡≽⋢⊑⋣⊒⋪⊲⋫⊳⋬⊴⋭⊵\u2329\u3008\u232A\u3009\u2ADC⫝がかぎきぐく" +
        "げけごこざさじしずすぜせぞそだたぢちづつでてどとばはぱはびひぴひぶふぷふべへぺへぼほぽほゔうゞゝガカギキグクゲケゴコザサジシズスゼセゾソダタヂチヅツデテドトバハパハビヒピヒブフプフベヘペヘボホポホヴウ" +
        "ヷワヸヰヹヱヺヲヾヽ\uFB1D\u05D9\uFB1F\u05F2\uFB2A\u05E9\uFB2B\u05E9\uFB2C\u05E9\uFB2D\u05E9\uFB2E\u05D0" +
        "\uFB2F\u05D0\uFB30\u05D0\uFB31\u05D1\uFB32\u05D2\uFB33\u05D3\uFB34\u05D4\uFB35\u05D5\uFB36\u05D6" +
        "\uFB38\u05D8\uFB39\u05D9\uFB3A\u05DA\uFB3B\u05DB\uFB3C\u05DC\uFB3E\u05DE\uFB40\u05E0\uFB41\u05E1" +
        "\uFB43\u05E3\uFB44\u05E4\uFB46\u05E6\uFB47\u05E7\uFB48\u05E8\uFB49\u05E9\uFB4A\u05EA\uFB4B\u05D5" +
        "\uFB4C\u05D1\uFB4D\u05DB\uFB4E\u05E4\U0001109A\U00011099\U0001109C\U0001109B\U000110AB\U000110A5" +
        "\U000114BB\U000114B9";

    /// <summary>A character, and the several that it becomes, then a space.</summary>
    private const string Several =
        "\u09CB\u09C7\u09BE \u09CC\u09C7\u09D7 \u0B4B\u0B47\u0B3E \u0B4C\u0B47\u0B57 ஔஒ\u0BD7 " +
        "\u0BCA\u0BC6\u0BBE \u0BCB\u0BC7\u0BBE \u0BCC\u0BC6\u0BD7 \u0CCB\u0CC2\u0CD5 \u0D4A\u0D46\u0D3E " +
        "\u0D4B\u0D47\u0D3E \u0D4C\u0D46\u0D57 \u0DDC\u0DD9\u0DCF \u0DDD\u0DD9\u0DCF \u0DDE\u0DD9\u0DDF " +
        "ᬆᬅ\u1B35 ᬈᬇ\u1B35 ᬊᬉ\u1B35 ᬌᬋ\u1B35 ᬎᬍ\u1B35 ᬒᬑ\u1B35 \u1B40\u1B3E\u1B35 \u1B41\u1B3F\u1B35 " +
        "\U0001134B\U00011347\U0001133E \U0001134C\U00011347\U00011357 \U000114BC\U000114B9\U000114B0 " +
        "\U000114BE\U000114B9\U000114BD \U000115BA\U000115B8\U000115AF \U000115BB\U000115B9\U000115AF " +
        "\U00011938\U00011935\U00011930 \U0001D15E\U0001D157\U0001D165 \U0001D15F\U0001D158\U0001D165 " +
        "\U0001D160\U0001D158\U0001D165\U0001D16E \U0001D161\U0001D158\U0001D165\U0001D16F " +
        "\U0001D162\U0001D158\U0001D165\U0001D170 \U0001D163\U0001D158\U0001D165\U0001D171 " +
        "\U0001D164\U0001D158\U0001D165\U0001D172 \U0001D1BB\U0001D1B9\U0001D165 " +
        "\U0001D1BC\U0001D1BA\U0001D165 \U0001D1BD\U0001D1B9\U0001D165\U0001D16E " +
        "\U0001D1BE\U0001D1BA\U0001D165\U0001D16E \U0001D1BF\U0001D1B9\U0001D165\U0001D16F " +
        "\U0001D1C0\U0001D1BA\U0001D165\U0001D16F ";

    /// <summary>From U+F900 and from U+2F800 on: the unified ideograph of each; those that have none stand for
    /// themselves.</summary>
    private const string Ideographs =
        "豈更車賈滑串句龜龜契金喇奈懶癩羅蘿螺裸邏樂洛烙珞落酪駱亂卵欄爛蘭鸞嵐濫藍襤拉臘蠟廊朗浪狼郎來冷勞擄櫓爐盧老蘆虜路露魯鷺碌祿綠菉錄鹿論壟弄籠聾牢磊賂雷壘屢樓淚漏累縷陋勒肋凜凌稜綾菱陵讀拏樂諾丹寧怒率異北" +
        "磻便復不泌數索參塞省葉說殺辰沈拾若掠略亮兩凉梁糧良諒量勵呂女廬旅濾礪閭驪麗黎力曆歷轢年憐戀撚漣煉璉秊練聯輦蓮連鍊列劣咽烈裂說廉念捻殮簾獵令囹寧嶺怜玲瑩羚聆鈴零靈領例禮醴隸惡了僚寮尿料樂燎療蓼遼龍暈阮劉" +
        "杻柳流溜琉留硫紐類六戮陸倫崙淪輪律慄栗率隆利吏履易李梨泥理痢罹裏裡里離匿溺吝燐璘藺隣鱗麟林淋臨立笠粒狀炙識什茶刺切度拓糖宅洞暴輻行降見廓兀嗀﨎﨏塚﨑晴﨓﨔凞猪益礼神祥福靖精羽﨟蘒﨡諸﨣﨤逸都﨧﨨﨩飯飼" +
        "館鶴郞隷侮僧免勉勤卑喝嘆器塀墨層屮悔慨憎懲敏既暑梅海渚漢煮爫琢碑社祉祈祐祖祝禍禎穀突節練縉繁署者臭艹艹著褐視謁謹賓贈辶逸難響頻恵\U000242EE舘\uFA6E\uFA6F並况全侀充冀勇勺喝啕喙嗢塚" +
        "墳奄奔婢嬨廒廙彩徭惘慎愈憎慠懲戴揄搜摒敖晴朗望杖歹殺流滛滋漢瀞煮瞧爵犯猪瑱甆画瘝瘟益盛直睊着磌窱節类絛練缾者荒華蝹襁覆視調諸請謁諾諭謹變贈輸遲醙鉶陼難靖韛響頋頻鬒龜\U0002284A" +
        "\U00022844\U000233D5㮝䀘䀹\U00025249\U00025CD0\U00027ED3齃龎";

    private const string MoreIdeographs =
        "丽丸乁\U00020122你侮侻倂偺備僧像㒞\U0002063A免兔兤具\U0002051C㒹內再\U0002054B冗冤仌冬况\U000291DF凵刃㓟刻剆割剷㔕勇勉勤勺包匆北卉卑博即卽卿卿卿" +
        "\U00020A2C灰及叟\U00020B63叫叱吆咞吸呈周咢哶唐啓啣善善喙喫喳嗂圖嘆圗噑噴切壮城埴堍型堲報墬\U000214E4売壷夆多夢奢\U000216A8\U000216EA姬娛娧姘婦㛮㛼嬈嬾" +
        "嬾\U000219C8寃寘寧寳\U00021B18寿将当尢㞁屠屮峀岍\U00021DE4嵃\U00021DE6嵮嵫嵼巡巢㠯巽帨帽幩㡢\U00022183㡼庰庳庶廊\U0002A392廾" +
        "\U00022331\U00022331舁弢弢㣇\U000232B8\U000261DA形彫㣣徚忍志忹悁㤺㤜悔\U000226D4惇慈慌慎慌慺憎憲憤憯懞懲懶成戛扝抱拔捐\U00022B0C挽拼捨掃揤" +
        "\U00022BF1搢揅掩㨮摩摾撝摷㩬敏敬\U0002300A旣書晉㬙暑㬈㫤冒冕最暜肭䏙朗望朡杞杓\U000233C3㭉柺枅桒梅\U0002346D梎栟椔㮝楂榣槪檨\U000236A3櫛㰘次" +
        "\U000238A7歔㱎歲殟殺殻\U00023A8D\U00021D0B\U00023AFA汎\U00023CBC沿泍汧洖派海流浩浸涅\U00023D1E洴港湮㴳滋滇\U00023ED1淹潮" +
        "\U00023F5E\U00023F8E濆瀹瀞瀛㶖灊災灷炭\U00020525煅\U00024263熜\U000243AB爨爵牐\U00024608犀犕\U00024735\U00024814獺王㺬玥" +
        "㺸㺸瑇瑜瑱璅瓊㼛甤\U00024C36甾\U00024C92異\U0002219F瘐\U00024FA1\U00024FB8\U00025044㿼䀈直\U000250F3\U000250F2" +
        "\U00025119\U00025133眞真真睊䀹瞋䁆䂖\U0002541D硎碌磌䃣\U00025626祖\U0002569A\U000256C5福秫䄯穀穊穏\U0002597C\U00025AA7" +
        "\U00025AA7竮䈂\U00025BAB篆築䈧\U00025C80糒䊠糨糣紀\U00025F86絣䌁緇縂繅䌴\U00026228\U00026247䍙\U000262D9罺\U0002633E羕翺" +
        "者\U000264DA\U00026523聠\U000265A8聰\U0002335F䏕育脃䐋脾媵\U000267A7\U000267B5\U00023393\U0002339C舁舄辞䑫芑芋芝劳花芳芽" +
        "苦\U00026B3C若茝荣莭茣莽菧著荓菊菌菜\U00026C36\U00026D6B\U00026CD5䔫蓱蓳蔖\U000273CA蕤\U00026F2C䕝䕡\U00026FB1\U000270D2" +
        "䕫虐虜虧虩蚩蚈蜎蛢蝹蜨蝫螆䗗蟡蠁䗹衠衣\U00027667裗裞䘵裺㒻\U000278AE\U00027966䚾䛇誠諭變豕\U00027CA8貫賁贛起\U00027F2F\U00020804跋趼跰" +
        "\U000208DE軔輸\U000285D2\U000285ED邔郱鄑\U0002872E鄛鈸鋗鋘鉼鏹鐕\U00028BFA開䦕閷\U00028D77䧦雃嶲霣\U00029145\U0002921A䩮" +
        "䩶韠\U0002940A䪲\U00029496頋頋頩\U000295B6飢䬳餩馧駂駾䯎\U00029B30鬒鱀鳽䳎䳭鵧\U0002A0CE䳸\U0002A105\U0002A20E\U0002A291" +
        "麻䵖黹黾鼅鼏鼖鼻\U0002A600";

    private static readonly Dictionary<int, string> Found = OfPairs();
    private static readonly Rune[] First = [.. Ideographs.EnumerateRunes()];
    private static readonly Rune[] More = [.. MoreIdeographs.EnumerateRunes()];

    /// <summary>What a compatibility ideograph is canonically; null for any other character.</summary>
    public static int? Ideograph(int value) =>
        value >= IdeographsFirst && value - IdeographsFirst < First.Length ? First[value - IdeographsFirst].Value
        : value >= MoreIdeographsFirst && value - MoreIdeographsFirst < More.Length
            ? More[value - MoreIdeographsFirst].Value : null;

    /// <summary>Writes what <paramref name="rune"/> becomes, at most four characters; returns their count.</summary>
    public static int Of(Rune rune, Span<Rune> destination)
    {
        int value = rune.Value;
        destination[0] = rune;
        if (value < 0xC0) return 1;
        if (value is >= HangulFirst and <= HangulLast) return Hangul(value - HangulFirst, destination);
        if (Ideograph(value) is { } ideograph) destination[0] = new(ideograph);
        else if (Found.TryGetValue(value, out string? becomes))
        {
            int count = 0;
            foreach (Rune part in becomes.EnumerateRunes()) destination[count++] = part;
            return count;
        }
        return 1;
    }

    private static int Hangul(int syllable, Span<Rune> destination)
    {
        int tail = syllable % Tails;
        destination[0] = new(0x1100 + syllable / (Vowels * Tails));
        destination[1] = new(0x1161 + syllable / Tails % Vowels);
        if (tail == 0) return 2;
        destination[2] = new(0x11A7 + tail);
        return 3;
    }

    private static Dictionary<int, string> OfPairs()
    {
        var found = new Dictionary<int, string>();
        int from = 0;
        foreach (Rune rune in Pairs.EnumerateRunes())
        {
            if (from == 0) from = rune.Value;
            else
            {
                found[from] = rune.ToString();
                from = 0;
            }
        }
        foreach (string entry in Several.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int length = char.IsHighSurrogate(entry[0]) ? 2 : 1;
            found[char.ConvertToUtf32(entry, 0)] = entry[length..];
        }
        return found;
    }
}
